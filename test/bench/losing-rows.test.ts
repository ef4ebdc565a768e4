import type { RunRecord } from '../../bench/src/plan/run-record.js';
import { losingRows } from '../../bench/src/report/losing-rows-markdown.js';
import { findLosingRows } from '../../bench/src/report/losing-rows.js';
import { summaryTable } from '../../bench/src/report/markdown.js';
import { bestPeerOf, compareWithPeers } from '../../bench/src/report/peer-comparison.js';
import { summarize } from '../../bench/src/report/summary.js';
import { runRecord } from './run-records.js';

const [OURS, PEER, KNEX] = ['ours-postgresql', 'connect-pg-simple', 'knex-postgresql'] as const;

/** The requests per second of a store in each round of `read`. The latency is that of one connection. */
const rounds = (store: string, ...values: number[]): RunRecord[] =>
  values.map((value, index) => runRecord(index + 1, store, 'read', { requestsPerSecond: value, p50: 1000 / value }));

const losses = (records: readonly RunRecord[]) =>
  findLosingRows(compareWithPeers(records)).map(({ peer, figure, loss }) => `${figure} to ${peer}: ${loss}`);

describe('a row of this library', () => {
  it.each<{ row: string; records: RunRecord[]; expected: string[] }>([
    { row: 'is equal', records: [...rounds(OURS, 50, 60, 70), ...rounds(PEER, 50, 60, 70)], expected: [] },
    { row: 'wins', records: [...rounds(OURS, 51, 61, 71), ...rounds(PEER, 50, 60, 70)], expected: [] },
    {
      row: 'loses in every round',
      records: [...rounds(OURS, 49, 59, 99), ...rounds(PEER, 50, 60, 100)],
      expected: ['p50 to connect-pg-simple: every round', 'requestsPerSecond to connect-pg-simple: every round'],
    },
    {
      row: 'loses in the median only',
      records: [...rounds(OURS, 40, 40, 70), ...rounds(PEER, 50, 50, 50)],
      expected: ['p50 to connect-pg-simple: median', 'requestsPerSecond to connect-pg-simple: median'],
    },
    { row: 'loses in one round only', records: [...rounds(OURS, 10, 60, 60), ...rounds(PEER, 50, 50, 50)], expected: [] },
    {
      row: 'has no peer',
      records: [...rounds(OURS, 10), ...rounds('driver-pg', 99), ...rounds('express-mysql-session', 99)],
      expected: [],
    },
    {
      row: 'is beaten by Redis and memory',
      records: [...rounds(OURS, 10), ...rounds('redis-always', 99), ...rounds('memory-store', 99)],
      expected: [],
    },
    {
      row: 'loses in the only round',
      records: [...rounds(OURS, 40), ...rounds(PEER, 50)],
      expected: ['p50 to connect-pg-simple: every round', 'requestsPerSecond to connect-pg-simple: every round'],
    },
    {
      row: 'loses to two peers, more clearly to the second',
      records: [...rounds(OURS, 40, 40, 40), ...rounds(PEER, 99, 99, 10), ...rounds(KNEX, 50, 50, 50)],
      expected: ['p50 to knex-postgresql: every round', 'requestsPerSecond to knex-postgresql: every round'],
    },
  ])('that $row', ({ records, expected }) => {
    expect(losses(records).toSorted()).toEqual(expected);
  });

  it('can lose in one figure alone', () => {
    const records = [runRecord(1, OURS, 'read', { p50: 1.2 }), runRecord(1, PEER, 'read', { p50: 1 })];
    expect(losses(records)).toEqual(['p50 to connect-pg-simple: every round']);
  });

  it('is not compared across scenarios', () => {
    expect(losses([runRecord(1, OURS, 'read', {}), runRecord(1, PEER, 'write', { requestsPerSecond: 9, p50: 0.1 })])).toEqual([]);
  });

  it('has the fastest peer on its database as its best peer, with the ratio of the rounds', () => {
    const records = [
      ...rounds(OURS, 100, 300),
      ...rounds(PEER, 50, 50),
      ...rounds(KNEX, 200, 100),
      ...rounds('redis-always', 999, 999),
      ...rounds('driver-pg', 999, 999),
    ];
    const comparisons = compareWithPeers(records);
    const [ours, peer] = summarize(records);
    expect(bestPeerOf(comparisons, records, ours!)).toMatchObject({ peer: KNEX, ratio: { min: 0.5, median: 1.75, max: 3 } });
    const [, , oursRow, peerRow] = summaryTable([ours!, peer!], { comparisons, runs: records }).split('\n');
    expect(oursRow).toContain('| connect-session-knex (pg): 1.75 (0.50 … 3.00) |');
    expect(peerRow).toMatch(/\| {2}\|$/);
  });
});

describe('the losing rows of the report', () => {
  const sectionOf = (records: readonly RunRecord[], count = 3) =>
    losingRows({
      comparisons: compareWithPeers(records),
      summary: summarize(records),
      settings: { isQuick: false, rounds: count, secondsPerRun: 1, secondsOfWarmUp: 1, connectionsPerPool: 1 },
    });

  it('have the CPU time of both stores and of the driver alone', () => {
    const cpu = (store: string, cpuPerRequest: number, requestsPerSecond: number) =>
      runRecord(1, store, 'read', { cpuPerRequest, requestsPerSecond });
    const section = sectionOf([cpu(OURS, 111, 40), cpu(PEER, 22, 50), cpu('driver-pg', 3, 99)]).join('\n');
    expect(section).toContain('| ours-postgresql | connect-pg-simple | read | req/s | 0.80 | 0.80 … 0.80 | 111 | 22 | 3 |');
  });

  it('begin with the greatest loss, and those of the median have a table of their own', () => {
    const at = (scenario: string, records: RunRecord[]) => records.map((record) => ({ ...record, scenario }));
    const section = sectionOf([
      ...at('read', [...rounds(OURS, 45, 45), ...rounds(PEER, 50, 50)]),
      ...at('write', [...rounds(OURS, 10, 10), ...rounds(PEER, 50, 50)]),
      ...at('hot', [...rounds(OURS, 1, 1, 70), ...rounds(PEER, 50, 50, 50)]),
    ]);
    const scenariosOf = (text: string) => text.split('\n').flatMap((line) => /\| (read|write|hot) \|/.exec(line)?.[1] ?? []);
    expect(section.map(scenariosOf)).toEqual([[], [], ['write', 'write', 'read', 'read'], [], [], ['hot', 'hot']]);
  });

  it('are none, and the report says so', () => {
    expect(sectionOf([...rounds(OURS, 50), ...rounds(PEER, 50)])).toContain('No row loses.');
  });

  it('are not mentioned if no peer was measured', () => {
    expect(sectionOf(rounds(OURS, 50))).toEqual([]);
  });

  it('say that one round counts as it is', () => {
    const records = [...rounds(OURS, 50), ...rounds(PEER, 50)];
    expect(sectionOf(records, 1)[1]).toContain('one round');
    expect(sectionOf(records, 2)[1]).not.toContain('one round');
  });
});
