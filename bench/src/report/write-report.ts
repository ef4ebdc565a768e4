import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawCharts } from './charts.js';
import { toMarkdown } from './markdown.js';
import type { Report } from './report.js';
import { formatResults, resultsFile } from './stored-results.js';

/** Writes the report into a folder: as JSON, as Markdown, and its charts. */
export async function writeReport(report: Report, folder: string): Promise<void> {
  const charts = drawCharts(report);
  await mkdir(folder, { recursive: true });
  const { bars: _bars, summary: _summary, comparisons: _comparisons, ...results } = report;
  await writeFile(resultsFile(folder), formatResults(results));
  await writeFile(join(folder, 'benchmark.md'), toMarkdown(report, charts));
  for (const { name, svg } of charts) await writeFile(join(folder, `${name}.svg`), svg);
}
