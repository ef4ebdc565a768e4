import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import { describeReport, raceApp, type RaceReport } from '../../packages/session-race/src/index.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { DATABASES, connectionOptions } from '../support/databases.js';
import { dropTables as dropBoth } from '../support/drop-tables.js';
import { ForkedProcess } from '../support/forked-process.js';
import { CONTROL, RACE_VARIANTS, type RaceVariant } from '../support/race-variants.js';

const PROCESSES = 3;
const ROUNDS = 2;
const REQUESTS = 20;

type Urls = Record<RaceVariant, string>;

const directory = mkdtempSync(join(tmpdir(), 'race-'));
let workers: ForkedProcess<string, Urls>[] = [];

beforeAll(() => {
  workers = Array.from({ length: PROCESSES }, () => new ForkedProcess('build/test/support/race-worker.js', [join(directory, 'race.db')]));
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  rmSync(directory, { recursive: true });
});

describe.each(DATABASES)(`${PROCESSES} processes race on %s`, (database) => {
  let urls: Urls[] = [];

  beforeAll(async () => {
    await dropTables();
    // All at once: createTable has a race of its own.
    urls = await Promise.all(workers.map((worker) => worker.ask(database)));
  }, 120_000);

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.ask('close')));
    await dropTables();
  });

  async function dropTables(): Promise<void> {
    if (database === 'sqlite') return;
    const orm = await MikroORM.init(connectionOptions(database));
    const { run } = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection);
    for (const n of Object.keys(RACE_VARIANTS).keys()) await dropBoth(database, run, `race_${database}_${n}`);
    await orm.close();
  }

  it.each(Object.keys(RACE_VARIANTS) as RaceVariant[])(
    '%s',
    async (variant) => {
      const report = await race(urls.map((of) => of[variant]));
      expect(report.contended).toBeGreaterThanOrEqual(REQUESTS);
      if (variant === CONTROL) expect(report.lost, describeReport(report)).toBeGreaterThan(0);
      else expect(report.verdict, describeReport(report)).toBe('clean');
    },
    60_000,
  );
});

/** Lets browsers race through all processes. The handler of `dawdle` takes a while between its load and its save. */
function race(urls: readonly string[]): Promise<RaceReport> {
  return raceApp({
    urls,
    clients: REQUESTS,
    rounds: ROUNDS,
    seconds: 30,
    set: { path: '/dawdle', body: { '{key}': '{value}' } },
    begin: { path: '/set', body: { '{key}': '{value}' } },
    read: { path: '/session' },
    logout: { method: 'DELETE', path: '/session' },
  });
}
