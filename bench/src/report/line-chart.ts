import type { LineSeriesOption } from 'echarts';
import type { StoreDefinition } from '../stores/store-definition.js';
import type { ChartLine } from './chart-data.js';
import { INK, PALE_INK, renderChart } from './render-chart.js';

/** The content of a line chart: panels side by side, on logarithmic axes. */
export interface LineChart {
  readonly title: string;
  readonly axes: { readonly x: string; readonly y: string };
  readonly panels: readonly { readonly title: string; readonly lines: readonly ChartLine[] }[];
}

const WIDTH = 960;
const HEIGHT = 540;
const LEGEND = 150;
const PANEL = { first: 70, gap: 70, width: 390 };

/** The colours of each database. This library's lines are dark and solid, its peers' lighter and dashed. */
const COLOURS: Readonly<Record<string, readonly [ours: string, ...peers: string[]]>> = {
  postgresql: ['#1d4ed8', '#60a5fa'],
  mariadb: ['#b45309', '#f59e0b'],
  mysql: ['#7e22ce', '#c084fc'],
  sqlite: ['#047857', '#34d399'],
  redis: ['#b91c1c', '#f87171', '#b91c1c'],
  memory: ['#6b7280', '#6b7280'],
};

/** Draws one line for each store, in panels that share a legend. */
export function lineChart({ title, axes, panels }: LineChart): string {
  const left = (panel: number) => PANEL.first + panel * (PANEL.width + PANEL.gap);
  const stores = [...new Map(panels.flatMap(({ lines }) => lines).map(({ store }) => [store.id, store])).values()];
  const colours = new Map(stores.map((store) => [store.id, colourOf(store, stores)]));
  const extent = extentOf(panels.flatMap(({ lines }) => lines));
  return renderChart(WIDTH, HEIGHT, {
    title: [
      { text: title, left: 16, top: 8, textStyle: { fontSize: 16, color: INK } },
      ...panels.map((panel, index) => ({
        text: panel.title,
        left: left(index) + PANEL.width / 2,
        top: 40,
        textAlign: 'center' as const,
        textStyle: { fontSize: 13, color: INK },
      })),
    ],
    legend: {
      bottom: 8,
      left: 40,
      right: 40,
      itemWidth: 36,
      itemGap: 12,
      textStyle: { color: INK, fontSize: 12 },
      data: stores.map(({ label }) => label),
    },
    grid: panels.map((_, index) => ({ left: left(index), width: PANEL.width, top: 84, bottom: LEGEND })),
    xAxis: panels.map((panel, index) => ({
      type: 'category',
      gridIndex: index,
      data: ticksOf(panel.lines),
      name: axes.x,
      nameLocation: 'middle',
      nameGap: 28,
      axisLabel: { color: INK, formatter: (x: string) => shortNumber(Number(x), axes.x) },
      nameTextStyle: { color: PALE_INK },
      boundaryGap: false,
    })),
    yAxis: panels.map((_, index) => ({
      type: 'log',
      gridIndex: index,
      name: axes.y,
      nameTextStyle: { color: PALE_INK, align: 'left' },
      axisLabel: { color: INK },
      splitLine: { lineStyle: { color: '#f3f4f6' } },
      ...extent,
    })),
    series: panels.flatMap(({ lines }, index) => lines.map((line) => series(line, index, colours.get(line.store.id)!))),
  });
}

/** The measured numbers, evenly spaced. */
function ticksOf(lines: readonly ChartLine[]): string[] {
  const numbers = new Set(lines.flatMap(({ points }) => points.map(([x]) => x)));
  return [...numbers].toSorted((left, right) => left - right).map(String);
}

/** Returns the ends of a logarithmic axis: 1, 2 or 5 times a power of ten. */
function extentOf(lines: readonly ChartLine[]): { min: number; max: number } {
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const steps = (value: number) =>
    [0.1, 0.2, 0.5, 1, 2, 5, 10].map((factor) => Number((factor * 10 ** Math.floor(Math.log10(value))).toPrecision(1)));
  return { min: steps(least).findLast((step) => step <= least)!, max: steps(most).find((step) => step >= most)! };
}

function series({ store, points }: ChartLine, panel: number, colour: string): LineSeriesOption {
  const isOurs = store.kind === 'ours';
  return {
    type: 'line',
    name: store.label,
    xAxisIndex: panel,
    yAxisIndex: panel,
    data: points.map(([x, y]) => [String(x), y]),
    symbol: isOurs ? 'circle' : 'emptyCircle',
    symbolSize: 7,
    itemStyle: { color: colour },
    lineStyle: { color: colour, width: isOurs ? 3 : 2, type: isOurs ? 'solid' : 'dashed' },
  };
}

function colourOf(store: StoreDefinition, stores: readonly StoreDefinition[]): string {
  const colours = COLOURS[store.database] ?? ['#6b7280'];
  if (store.kind === 'ours') return colours[0];
  const peers = stores.filter((other) => other.database === store.database && other.kind !== 'ours');
  return colours[1 + (peers.indexOf(store) % Math.max(1, colours.length - 1))] ?? colours[0];
}

function shortNumber(x: number, axis: string): string {
  if (axis.endsWith('KB')) return String(x / 1000);
  return x.toLocaleString('en');
}
