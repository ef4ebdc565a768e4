import type { BarSeriesOption, CustomSeriesOption, CustomSeriesRenderItem } from 'echarts';
import { INK, PALE_INK, renderChart } from '../report/render-chart.js';
import { OPERATIONS } from './operations.js';
import { DATABASES, nameOf, storesOf } from './plan.js';
import type { DistanceReport } from './report.js';
import type { DistanceResults } from './run.js';

const COLOURS = ['#2563eb', '#60a5fa', '#93c5fd', '#9ca3af'];
const WIDTH = 960;
const TOP = 84;
const PANEL = 260;

/** Draws the latency of each operation at the longest distance: one panel for each database. The lines are round trips apart. */
export function distanceChart({ results }: Pick<DistanceReport, 'results'>): string {
  const longest = Math.max(...results.map(({ roundTrip }) => roundTrip));
  const panels = results.filter(({ roundTrip }) => roundTrip === longest);
  const text = { color: PALE_INK, fontSize: 11 };
  return renderChart(WIDTH, TOP + panels.length * PANEL, {
    title: [
      {
        text: `Latency of a request, ${longest} ms from the database`,
        subtext: 'p50 in ms, line: up to p99; the horizontal lines are one round trip apart',
        left: 16,
        top: 8,
        textStyle: { fontSize: 16, color: INK },
        subtextStyle: { color: PALE_INK },
      },
      ...panels.map(({ database }, n) => ({
        text: DATABASES[database],
        left: 16,
        top: TOP + n * PANEL - 8,
        textStyle: { fontSize: 13, color: INK },
      })),
    ],
    legend: {
      top: 52,
      right: 16,
      itemGap: 24,
      textStyle: { color: INK, fontFamily: 'Helvetica, Arial, sans-serif' },
      data: ['default', 'pessimistic', 'entity manager', 'usual other store'],
    },
    grid: panels.map((_, n) => ({ left: 56, right: 16, top: TOP + n * PANEL + 16, height: PANEL - 60 })),
    xAxis: panels.map((_, n) => ({
      type: 'category' as const,
      gridIndex: n,
      data: OPERATIONS.map(({ name }) => name),
      axisLabel: { ...text, interval: 0 },
    })),
    yAxis: panels.map((_, n) => ({
      type: 'value' as const,
      gridIndex: n,
      interval: longest,
      axisLabel: text,
      splitLine: { lineStyle: { color: '#e5e7eb' } },
    })),
    series: panels.flatMap((panel, n) => storesOf(panel.database).flatMap((_, store) => seriesOf(panel, n, store))),
  });
}

function seriesOf({ database, records }: DistanceResults, panel: number, index: number): (BarSeriesOption | CustomSeriesOption)[] {
  const stores = storesOf(database);
  const store = stores[index]!;
  const found = OPERATIONS.map(({ name }) => records.find((record) => record.store === store.id && record.operation === name));
  const renderItem: CustomSeriesRenderItem = (_, api) => {
    const [operation, p50, p99] = [api.value(0), api.value(1), api.value(2)] as [number, number, number];
    const layout = api.barLayout({ count: stores.length, barMaxWidth: 22 })?.[index] as unknown as { offsetCenter: number };
    const [x, y1] = api.coord([operation, p50]) as [number, number];
    const [, y2] = api.coord([operation, p99]) as [number, number];
    const at = x + layout.offsetCenter;
    return { type: 'line', shape: { x1: at, y1, x2: at, y2 }, style: { stroke: INK, lineWidth: 1.2 } };
  };
  const axes = { xAxisIndex: panel, yAxisIndex: panel };
  return [
    {
      type: 'bar',
      ...axes,
      name: store.kind === 'ours' ? nameOf(store) : 'usual other store',
      barMaxWidth: 22,
      itemStyle: { color: COLOURS[index] },
      data: found.map((record) => (record ? Math.round(record.p50 * 10) / 10 : '-')),
    },
    {
      type: 'custom',
      ...axes,
      renderItem,
      data: found.flatMap((record, operation) => (record ? [[operation, record.p50, record.p99]] : [])),
      encode: { x: 0, y: [1, 2] },
      z: 10,
    },
  ];
}
