import type { BarSeriesOption, CustomSeriesOption, CustomSeriesRenderItem, EChartsOption } from 'echarts';
import type { StoreKind } from '../stores/store-definition.js';
import type { ChartBar } from './chart-data.js';
import { INK, PALE_INK, renderChart } from './render-chart.js';

/** The content of a bar chart. */
export interface BarChart {
  readonly title: string;
  readonly note: string;
  readonly bars: readonly ChartBar[];
}

const COLOURS: Readonly<Record<StoreKind, string>> = { ours: '#2563eb', peer: '#9ca3af', reference: '#e5e7eb' };

const WIDTH = 960;
const LINE = 24;
const TOP = 64;
const LABELS = 426;
/** The space for the text at the end of a bar. */
const RIGHT = 230;

/** Draws horizontal bars, grouped by headings. */
export function barChart({ title, note, bars }: BarChart): string {
  return renderChart(WIDTH, TOP + bars.length * LINE + 40, {
    title: { text: title, subtext: note, left: 16, top: 8, textStyle: { fontSize: 16, color: INK }, subtextStyle: { color: PALE_INK } },
    grid: { left: LABELS, right: RIGHT, top: TOP, bottom: 32 },
    xAxis: { type: 'value', axisLabel: { color: PALE_INK }, splitLine: { lineStyle: { color: '#f3f4f6' } }, splitNumber: 4 },
    yAxis: labels(bars),
    series: [values(bars), whiskers(bars)],
  });
}

function labels(bars: readonly ChartBar[]): EChartsOption['yAxis'] {
  const names = bars.map((bar) =>
    'heading' in bar ? `{heading|${bar.heading}}` : bar.store.kind === 'ours' ? `{ours|${bar.store.label}}` : `{other|${bar.store.label}}`,
  );
  return {
    type: 'category',
    inverse: true,
    // Two lines may have the same text, and ECharts identifies a category by its text.
    data: names.map((name, index) => `${index}:${name}`),
    axisTick: { show: false },
    axisLine: { lineStyle: { color: '#d1d5db' } },
    axisLabel: {
      interval: 0,
      formatter: (name: string) => name.slice(name.indexOf(':') + 1),
      rich: {
        heading: { fontWeight: 'bold', fontSize: 13, color: INK },
        ours: { color: COLOURS.ours, fontSize: 12, fontWeight: 'bold' },
        other: { color: INK, fontSize: 12 },
      },
    },
  };
}

function values(bars: readonly ChartBar[]): BarSeriesOption {
  return {
    type: 'bar',
    barWidth: 14,
    data: bars.map((bar) =>
      'heading' in bar ? { value: '-' as const } : { value: Math.round(bar.value.median), itemStyle: { color: COLOURS[bar.store.kind] } },
    ),
  };
}

/** Lines from the minimum to the maximum, with the figures at their end. */
function whiskers(bars: readonly ChartBar[]): CustomSeriesOption {
  const renderItem: CustomSeriesRenderItem = (_, api) => {
    const [index, min, max] = [api.value(0), api.value(1), api.value(2)] as [number, number, number];
    const bar = bars[index];
    if (!bar || 'heading' in bar) return null;
    const [left, y] = api.coord([min, index]) as [number, number];
    const [right] = api.coord([max, index]) as [number, number];
    const [end] = api.coord([bar.value.median, index]) as [number, number];
    const line = { type: 'line' as const, shape: { x1: left, y1: y, x2: right, y2: y }, style: { stroke: INK, lineWidth: 1.2 } };
    return { type: 'group', children: [line, ...caption(bar, Math.max(right, end) + 8, y)] };
  };
  const data = bars.flatMap((bar, index) => ('heading' in bar ? [] : [[index, bar.value.min, bar.value.max]]));
  return { type: 'custom', renderItem, data, z: 10, clip: false, encode: { x: [1, 2], y: 0 } };
}

function caption(bar: Exclude<ChartBar, { heading: string }>, x: number, y: number) {
  const text = (content: string, offset: number, fill: string, fontWeight: 'normal' | 'bold') => ({
    type: 'text' as const,
    style: {
      text: content,
      x: x + offset,
      y,
      fill,
      fontSize: 12,
      fontWeight,
      align: 'left' as const,
      verticalAlign: 'middle' as const,
      fontFamily: 'Helvetica, Arial, sans-serif',
    },
  });
  const figure = Math.round(bar.value.median).toLocaleString('en');
  const captions = [text(figure, 0, INK, 'normal')];
  if (bar.lost > 0) {
    const share = ((bar.lost / bar.acknowledged) * 100).toFixed(bar.lost / bar.acknowledged < 0.1 ? 1 : 0);
    captions.push(text(`${bar.lost.toLocaleString('en')} updates lost (${share} %)`, figure.length * 7 + 8, '#b91c1c', 'bold'));
  }
  return captions;
}
