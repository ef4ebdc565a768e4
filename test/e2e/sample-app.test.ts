import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DATABASES } from '../support/databases.js';

const run = promisify(execFile);
const SAMPLE = 'sample-app';
const TABS = 20;

describe('the sample app', () => {
  // Inside the sample: a migration looks up MikroORM from where it is.
  const directory = mkdtempSync(join(SAMPLE, 'tmp-'));
  const env = (database: string, file: string) => ({ ...process.env, DATABASE: database, SQLITE_FILE: join('..', directory, file), MIGRATIONS: join('..', directory) });

  beforeAll(async () => {
    await run('npm', ['run', 'build']);
    await run('npm', ['run', 'build', '--workspace', SAMPLE]);
  }, 60_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  it("makes its table by MikroORM's own CLI, from SessionEntity", async () => {
    const cli = async (...command: string[]) =>
      (await run(process.execPath, ['../node_modules/@mikro-orm/cli/cli.js', ...command], { cwd: SAMPLE, env: env('sqlite', 'cli.sqlite') })).stdout;
    expect(await cli('migration:create', '--initial')).toContain('successfully created');
    expect(await cli('migration:up')).toContain('Successfully migrated');
    expect(await cli('schema:update', '--dump')).toContain('up-to-date');
  }, 60_000);

  it.each(DATABASES)('keeps every tab on %s', async (database) => {
    const port = await freePort();
    const app = spawn(process.execPath, ['dist/main.js'], { cwd: SAMPLE, env: { ...env(database, 'sample.sqlite'), PORT: String(port) } });
    try {
      const [started] = (await once(app.stdout, 'data')) as [Buffer];
      const url = String(started).match(/http:\S+/)?.[0];
      const post = (path: string, cookie = '', body = {}) =>
        fetch(`${url}${path}`, { method: 'POST', headers: { cookie, 'content-type': 'application/json' }, body: JSON.stringify(body) });
      const login = await post('/login', '', { userId: database });
      const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      await Promise.all(Array.from({ length: TABS }, (_, n) => post(`/tabs/${n}`, cookie)));
      const get = async (path: string) => (await fetch(`${url}${path}`, { headers: { cookie } })).json();
      const session = (await get('/session')) as object;
      expect(Object.keys(session).filter((key) => key.startsWith('tab'))).toHaveLength(TABS);
      expect(((await get('/sessions')) as unknown[]).length).toBeGreaterThanOrEqual(1);
      await fetch(`${url}/session`, { method: 'DELETE', headers: { cookie } });
      expect(await get('/session')).toEqual({});
    } finally {
      app.kill();
      if (app.exitCode === null) await once(app, 'exit');
    }
  }, 60_000);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
