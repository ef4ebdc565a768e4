import type { RaceReport } from './race-report.js';
import { verdictOf } from './verdict.js';

/** The report as one page. */
export function htmlReport(report: RaceReport): string {
  return `<!doctype html><title>${verdictOf(report)}</title>`;
}
