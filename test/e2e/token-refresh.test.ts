import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { DATABASES, connectionOptions } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { ForkedProcess } from '../support/forked-process.js';

const PROCESSES = 3;
const TABS = 20;

/** The provider's counts since the login. */
interface Counts {
  readonly redeemed: number;
  readonly refused: number;
  readonly revoked: number;
}

describe.each(DATABASES)(`${PROCESSES} processes refresh the tokens of one session, on %s`, (database) => {
  const directory = mkdtempSync(join(tmpdir(), 'tokens-'));
  let provider: ForkedProcess<'login' | 'counts', object>;
  let workers: ForkedProcess<string, string>[] = [];
  let urls: string[] = [];
  let cookie = '';

  beforeAll(async () => {
    provider = new ForkedProcess('build/test/support/identity-provider.js');
    await drop();
    workers = Array.from(
      { length: PROCESSES },
      () => new ForkedProcess('build/test/support/tokens-worker.js', [join(directory, 'tokens.db')]),
    );
    urls = await Promise.all(workers.map((worker) => worker.ask(database)));
  });
  beforeEach(async () => {
    const tokens = await provider.ask('login');
    cookie = '';
    const answer = await post(`${urls[0]}/tokens`, tokens);
    cookie = answer.headers.getSetCookie()[0]!.split(';')[0]!;
  });
  afterAll(async () => {
    await Promise.all([...workers, provider].map((process) => process.stop()));
    await drop();
    rmSync(directory, { recursive: true });
  });

  async function drop(): Promise<void> {
    if (database === 'sqlite') return;
    const orm = await MikroORM.init(connectionOptions(database));
    const { run } = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection);
    await dropTables(database, run, `tokens_${database}`);
    await orm.close();
  }

  function post(url: string, body: object = {}): Promise<Response> {
    return fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', cookie } });
  }

  /** Sends a request by each tab, to the processes in turn. Returns the statuses and the access tokens. */
  async function askByAll(path: string, tabs = TABS, to = urls) {
    const answers = await Promise.all(Array.from({ length: tabs }, (_, n) => post(`${to[n % to.length]}/${path}`)));
    const bodies = await Promise.all(answers.map((answer) => answer.json() as Promise<{ accessToken?: string }>));
    return { statuses: new Set(answers.map(({ status }) => status)), tokens: new Set(bodies.map(({ accessToken }) => accessToken)) };
  }

  it('redeems each refresh token once, and gives all tabs the same access token', async () => {
    for (let round = 1; round <= 3; round++) {
      const { statuses, tokens } = await askByAll(`once/${round}`);
      expect([...statuses]).toEqual([201]);
      expect(tokens.size).toBe(1);
      expect(await provider.ask('counts')).toEqual({ redeemed: round, refused: 0, revoked: 0 });
    }
  });

  it('redeems it twice without `once`, and the provider revokes the login', async () => {
    await askByAll('plain/1');
    const { refused, revoked } = (await provider.ask('counts')) as Counts;
    expect(refused).toBeGreaterThan(0);
    expect(revoked).toBeGreaterThan(0);
  });

  it('redeems it once if the process that does it is killed before', async () => {
    await expect(post(`${urls[2]}/once/1?dies=1`)).rejects.toThrow('fetch failed');
    const { statuses, tokens } = await askByAll('once/1', TABS, urls.slice(0, 2));
    expect([...statuses]).toEqual([201]);
    expect(tokens.size).toBe(1);
    expect(await provider.ask('counts')).toEqual({ redeemed: 1, refused: 0, revoked: 0 });
  });
});
