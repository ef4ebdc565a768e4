import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { DATABASES, connectionOptions } from '../support/databases.js';
import { dropTables as dropBoth } from '../support/drop-tables.js';
import { ForkedProcess } from '../support/forked-process.js';
import { CONTROL, RACE_VARIANTS, type RaceVariant } from '../support/race-variants.js';

const PROCESSES = 3;
const ROUNDS = 10;
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
  }, 60_000);

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
      const kept = await race(urls.map((of) => of[variant]));
      if (variant === CONTROL) expect(kept).toBeLessThan(ROUNDS * REQUESTS);
      else expect(kept).toBe(ROUNDS * REQUESTS);
    },
    60_000,
  );
});

/** Rounds of requests at once, each setting a key of its own on one session. Returns how many keys are kept. */
async function race(bases: string[]): Promise<number> {
  const base = (n: number) => bases[n % bases.length];
  const first = await post(`${base(0)}/set`, {});
  const started = await post(`${base(0)}/set`, { start: 1 });
  expect([first.status, started.status]).toEqual([201, 201]);
  const cookie = started.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  for (let round = 0; round < ROUNDS; round++) {
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, (_, n) => post(`${base(n)}/dawdle`, { [`r${round}n${n}`]: 1 }, cookie)),
    );
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 201));
  }
  const session = (await (await fetch(`${base(0)}/session`, { headers: { cookie } })).json()) as object;
  return Object.keys(session).filter((key) => key.startsWith('r')).length;
}

function post(url: string, body: object, cookie = ''): Promise<Response> {
  return fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', cookie } });
}
