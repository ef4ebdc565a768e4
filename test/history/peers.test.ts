import { DATABASES } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { activityOf } from './activity.js';
import { CHECKERS, type CheckerName } from '../../packages/session-race/src/checkers/index.js';
import { COMMON_OPERATIONS, HISTORY_SECONDS, HistoryRuns, breachesOf, type CheckedHistory } from './history-runs.js';
import { PEERS, type Peer, type PeerName } from './peers.js';

const SECONDS = Number(HISTORY_SECONDS);

/** Said at the end, as a table of Markdown. */
const rows: string[][] = [];

let runs: HistoryRuns;
beforeAll(async () => {
  runs = await HistoryRuns.open('history_of_peers', 3);
}, 60_000);
afterAll(async () => {
  await runs.close();
  // What is asked of the database's server afterwards tells nothing of a store.
  const names = Object.keys(CHECKERS).slice(0, -1);
  const head = ['store', 'processes', 'answered changes', ...names];
  process.stdout.write(`\n${[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`);
});

const CASES = (Object.entries(PEERS as Record<PeerName, Peer>) as [PeerName, Peer][])
  .filter(([, { database }]) => DATABASES.includes(database))
  .flatMap(([name, { database }]) => [1, 3].map((processes) => ({ name, database, processes })));

describeEach(CASES)('the same clients, $name in $processes processes', ({ name, database, processes }) => {
  it('loses updates, and this library none', async () => {
    const theirs = await runs.runPeer(name, processes, SECONDS);
    note(name, processes, theirs);
    const ours = await runs.runOwn(database, Array(processes).fill('optimistic, statements'), SECONDS, COMMON_OPERATIONS);
    note(`this library on ${database}`, processes, ours);
    expect(theirs.found['lost updates']).not.toEqual([]);
    expect(breachesOf(ours, `beside ${name}`)).toEqual({});
  }, 600_000);
});

function note(name: string, processes: number, { history, found, seed }: CheckedHistory): void {
  const counts = (Object.keys(CHECKERS) as CheckerName[]).slice(0, -1).map((checker) => String(found[checker].length));
  rows.push([name, String(processes), String(history.acknowledged), ...counts]);
  const examples = Object.entries(found).map(([checker, all]) => `\n  ${checker}: ${all[0] ?? 'none'}`);
  process.stdout.write(`${name}, ${processes} processes, SEED=${seed}: ${JSON.stringify(activityOf(history))}${examples.join('')}\n`);
}
