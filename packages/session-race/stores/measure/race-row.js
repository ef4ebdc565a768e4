import { describeReport, raceApp } from '../../dist/index.js';

/** The same for each store. */
export const TERMS = { seed: 1, rounds: 20, clients: 8, wait: 10, settle: 250 };
/** No row is cut short by them. */
const BOUNDS = { seconds: 600, requests: 100_000 };

/** The route that lets the race decide how long its handler takes. */
const SET = { method: 'POST', path: '/race/{key}', query: { value: '{value}', wait: '{wait}' } };

const COUNTS = ['acknowledged', 'contended', 'lost', 'ended', 'resurrected', 'reads', 'stale', 'foreign', 'vanished', 'refused', 'unknown'];

/**
 * Races the processes of one app.
 *
 * @param {readonly import('./app-process.js').AppProcess[]} apps
 * @returns {Promise<{ counts: Record<string, number>, notes: readonly string[], text: string }>} `text` is what the command would print
 */
export async function raceRow(apps) {
  const report = await raceApp({ urls: apps.map(({ url }) => url), set: SET, ...TERMS, ...BOUNDS });
  const counts = Object.fromEntries(COUNTS.map((name) => [name, report[name]]));
  return { counts: { ...counts, rounds: report.rounds, requests: report.requests }, notes: report.notes, text: describeReport(report) };
}
