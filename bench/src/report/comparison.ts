import { OTHER } from '../plan/against.js';
import type { RunRecord } from '../plan/run-record.js';
import { byRound } from './bars.js';
import { table } from './table.js';
import { ratioOf } from './statistics.js';

/**
 * Returns the figures of this checkout as ratios to those of another one, within one round each. More requests per second and
 * less CPU time are better.
 *
 * @returns a table in Markdown
 */
export function compareCheckouts(records: readonly RunRecord[]): string {
  const own = new Map(
    records.filter(({ store }) => !store.endsWith(OTHER)).map((record) => [`${record.store} ${record.scenario}`, record]),
  );
  const rows = [...own.values()].map(({ store, scenario }) => {
    const ratio = (figure: 'requestsPerSecond' | 'cpuPerRequest') => {
      const [ours, other] = [store, store + OTHER].map((id) => byRound(records, id, { scenario, figure }));
      const found = ratioOf(ours!, other!);
      return found ? `${found.median.toFixed(2)} (${found.min.toFixed(2)} … ${found.max.toFixed(2)})` : '–';
    };
    return [store, scenario, ratio('requestsPerSecond'), ratio('cpuPerRequest')];
  });
  return table(['store', 'scenario', 'req/s, this / other', 'CPU per request, this / other'], rows);
}
