import type { Report } from './report.js';
import { linesOf, throughputBars, type Dimension } from './chart-data.js';
import { barChart } from './bar-chart.js';
import { lineChart } from './line-chart.js';

/** A chart with its file name. */
export interface ChartFile {
  /** The name without extension. */
  readonly name: string;
  readonly title: string;
  readonly svg: string;
}

const THROUGHPUTS: Readonly<Record<string, string>> = {
  read: 'Reading: requests per second, 64 connections',
  write: 'Setting one key: requests per second, 64 connections',
  mixed: '90 % reading, 10 % setting a key: requests per second, 64 connections',
  hot: '16 clients setting their keys of one session: requests per second',
};

/** Draws all charts that the report has figures for. */
export function drawCharts({ summary, settings }: Report): ChartFile[] {
  const note = settings.isQuick ? 'quick run: rough figures' : `median of ${settings.rounds} rounds, line: least to greatest`;
  const throughputs = Object.entries(THROUGHPUTS).flatMap(([scenario, title]) => {
    const bars = throughputBars(summary, scenario);
    return bars.length === 0 ? [] : [{ name: `throughput-${scenario}`, title, svg: barChart({ title, note, bars }) }];
  });
  const lines = (
    name: string,
    title: string,
    dimension: Dimension,
    figure: Parameters<typeof linesOf>[3],
    axes: { x: string; y: string },
  ) => {
    const panels = (['read', 'write'] as const).map((operation) => ({
      title: operation,
      lines: linesOf(summary, operation, dimension, figure),
    }));
    // A run may leave one operation out.
    const measured = panels.filter((panel) => panel.lines.length > 0);
    return measured.length === 0 ? [] : [{ name, title, svg: lineChart({ title, axes, panels: measured }) }];
  };
  return [
    ...throughputs,
    ...lines('latency-by-connections', 'Median latency by number of connections', 'connections', 'p50', {
      x: 'connections',
      y: 'p50 in ms',
    }),
    ...lines('cost-by-session-size', 'CPU time of the app by session size', 'bytes', 'cpuPerRequest', {
      x: 'session size in KB',
      y: 'µs per request',
    }),
    ...lines('throughput-by-distance', 'Requests per second by distance to the database, 64 connections', 'distance', 'requestsPerSecond', {
      x: 'round trip in ms',
      y: 'requests per second',
    }),
    ...lines('latency-by-distance', 'Median latency by distance to the database, 1 connection', 'distanceOfOne', 'p50', {
      x: 'round trip in ms',
      y: 'p50 in ms',
    }),
    ...lines('throughput-by-node', 'Requests per second by version of Node, 64 connections', 'node', 'requestsPerSecond', {
      x: 'Node',
      y: 'requests per second',
    }),
    ...lines('cost-by-table-rows', 'Median latency by rows in the table', 'rows', 'p50', { x: 'rows', y: 'p50 in ms' }),
  ];
}
