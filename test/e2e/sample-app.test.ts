import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DialectName } from '../../src/index.js';
import { DATABASES } from '../support/databases.js';
import { readPage, shellLines } from '../support/markdown.js';
import { dropDatabase } from '../support/scratch-database.js';
import { MARIADB } from '../support/servers.js';
import { SAMPLE, buildSampleApp, race, startSampleApp, type SampleApp } from '../support/sample-app.js';

const run = promisify(execFile);
const TABS = 20;
const PROCESSES = 3;
const CLIENTS = 16;
const ROUNDS = 4;
/** The plain store of the lab on each database. `race-lab.test.ts` races on SQLite, and MariaDB has the store of MySQL. */
const PLAIN_STORES: Partial<Record<DialectName, string>> = { postgresql: 'connect-pg-simple', mysql: 'express-mysql-session' };

describe('the sample app', () => {
  // Inside the sample: a migration looks up MikroORM from where it is.
  const directory = mkdtempSync(join(SAMPLE, 'tmp-'));
  const dbName = `sample_test_${process.pid}`;
  const env = (database: DialectName, file: string) => ({
    ...process.env,
    DATABASE: database,
    PGDATABASE: dbName,
    ...(database === 'mariadb' ? { MYSQL_HOST: MARIADB.host, MYSQL_PORT: String(MARIADB.port) } : {}),
    MYSQL_DATABASE: dbName,
    SQLITE_FILE: join('..', directory, file),
    MIGRATIONS: join('..', directory),
  });

  beforeAll(buildSampleApp, 60_000);
  afterAll(async () => {
    for (const database of DATABASES) if (database !== 'sqlite') await dropDatabase(database, dbName);
    rmSync(directory, { recursive: true });
  });

  it("makes its table by MikroORM's own CLI, from SessionEntity", async () => {
    const cli = async (...command: string[]) =>
      (
        await run(process.execPath, ['../node_modules/@mikro-orm/cli/cli.js', ...command], {
          cwd: SAMPLE,
          env: env('sqlite', 'cli.sqlite'),
        })
      ).stdout;
    expect(await cli('migration:create', '--initial')).toContain('successfully created');
    expect(await cli('migration:up')).toContain('Successfully migrated');
    expect(await cli('schema:update', '--dump')).toContain('up-to-date');
  }, 60_000);

  it("keeps every tab that the README's commands open", async () => {
    const app = await start('sqlite', 'readme.sqlite');
    try {
      const commands = shellLines(readPage('README.md')).filter((line) => /curl.*(tabs|session)/.test(line));
      const { stdout } = await run('bash', ['-c', commands.join('\n').replaceAll('localhost:3000', new URL(app.url).host)], {
        cwd: directory,
      });
      const session = JSON.parse(stdout.slice(stdout.lastIndexOf('{'))) as object;
      expect(Object.keys(session).toSorted()).toEqual(Array.from({ length: 21 }, (_, n) => `tab${n}`).toSorted());
    } finally {
      await app.stop();
    }
  });

  describe.each(DATABASES)(`in ${PROCESSES} processes on %s, one of them on Fastify`, (database) => {
    let apps: SampleApp[] = [];
    beforeAll(async () => {
      const startOne = (platform = 'express') => startSampleApp({ ...env(database, 'shop.sqlite'), PLATFORM: platform });
      // The first one creates the database.
      const first = await startOne();
      const others = Array.from({ length: PROCESSES - 1 }, (_, n) => startOne(n === 0 ? 'fastify' : 'express'));
      const started = await Promise.allSettled([first, ...others]);
      apps = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(started.filter(({ status }) => status === 'rejected')).toEqual([]);
    }, 60_000);
    afterAll(() => Promise.all(apps.map((app) => app.stop())));

    it('serves its page', async () => {
      for (const { url } of apps) {
        const page = await fetch(url);
        expect([page.status, page.headers.get('content-security-policy')]).toEqual([200, expect.stringContaining("default-src 'none'")]);
        expect((await fetch(`${url}/README.md`)).headers.get('content-type')).toBe('text/plain; charset=utf-8');
        expect((await fetch(`${url}/package.json`)).status).toBe(404);
      }
    });

    const plainStore = PLAIN_STORES[database];
    if (plainStore)
      it(`races with ${plainStore}`, async () => {
        const events = await race(apps[0]!, { requests: 6, wait: 40, processes: 1, roundTrip: 4 });
        const [plain, merged] = ['lastWrite', 'smart'].map((side) => {
          const { content } = events.find((event) => event.type === 'result' && event.side === side)!;
          return Object.keys(content).filter((key) => key.startsWith('tab')).length;
        });
        expect(plain).toBeGreaterThan(0);
        expect(plain).toBeLessThan(6);
        expect(merged).toBe(6);
        expect((await read(apps[0]!, '/lab', '')).stores).toEqual([
          { name: plainStore, isShared: true },
          { name: 'MemoryStore', isShared: false },
        ]);
      }, 60_000);

    it('keeps every tab', async () => {
      const [app] = apps as [SampleApp];
      const cookie = await login(app, `${database} tabs`);
      await Promise.all(Array.from({ length: TABS }, (_, n) => send(apps[n % PROCESSES]!, 'POST', `/tabs/${n}`, cookie)));
      const session = await read(app, '/session', cookie);
      expect(Object.keys(session).filter((key) => key.startsWith('tab'))).toHaveLength(TABS);
      expect(((await read(app, '/sessions', cookie)) as unknown[]).length).toBeGreaterThanOrEqual(1);
      await send(app, 'DELETE', '/session', cookie);
      expect(await read(app, '/session', cookie)).toEqual({});
    }, 60_000);

    it(`loses nothing of one key with ${CLIENTS} clients`, async () => {
      const cookie = await login(apps[0]!, database);
      const tickets: unknown[] = [];
      const client = async (n: number) => {
        for (let round = 1; round <= ROUNDS; round++) {
          const app = apps[(n + round) % PROCESSES]!;
          const answers = await Promise.all([
            send(app, 'POST', '/visits', cookie),
            send(app, 'POST', '/cart/shared', cookie),
            send(app, 'POST', `/cart/own${n}`, cookie),
            send(app, 'PATCH', '/preferences', cookie, { [`client${n}`]: `round ${round}` }),
            send(app, 'POST', '/tickets', cookie),
          ]);
          expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 200, 201]);
          tickets.push((await answers[4]!.json()).ticket);
        }
      };
      await Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
      const all = CLIENTS * ROUNDS;
      const { visits, cart, preferences } = await read(apps[0]!, '/session', cookie);
      expect(visits).toBe(all);
      expect(new Map(cart.map(({ sku, quantity }: { sku: string; quantity: number }) => [sku, quantity]))).toEqual(
        new Map([['shared', all], ...Array.from({ length: CLIENTS }, (_, n) => [`own${n}`, ROUNDS] as const)]),
      );
      expect(preferences).toEqual(Object.fromEntries(Array.from({ length: CLIENTS }, (_, n) => [`client${n}`, `round ${ROUNDS}`])));
      expect(tickets.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: all }, (_, n) => n + 1));

      const orders = await Promise.all(
        Array.from({ length: CLIENTS }, async (_, n) => (await send(apps[n % PROCESSES]!, 'POST', '/orders', cookie)).json()),
      );
      expect(orders.map(({ paid }) => paid).toSorted((a, b) => a - b)).toEqual([...Array(CLIENTS - 1).fill(0), 2 * all]);
      expect(await read(apps[0]!, '/session', cookie)).toMatchObject({ orders: 2 * all, cart: [] });
    }, 120_000);
  });

  const start = (database: DialectName, file: string) => startSampleApp(env(database, file));

  async function login(app: SampleApp, userId: string): Promise<string> {
    const response = await send(app, 'POST', '/login', '', { userId });
    return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  }
});

function send({ url }: SampleApp, method: string, path: string, cookie: string, body = {}): Promise<Response> {
  return fetch(`${url}${path}`, { method, headers: { cookie, 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

async function read({ url }: SampleApp, path: string, cookie: string): Promise<any> {
  return (await fetch(`${url}${path}`, { headers: { cookie } })).json();
}
