import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ONE_PER_SERVER } from '../support/databases.js';
import { SessionsApp } from '../support/sessions-app.js';

describe.each(ONE_PER_SERVER)('a user of two processes on %s', (database) => {
  const tableName = `limit_processes_${database}`;
  const directory = mkdtempSync(join(tmpdir(), 'limit-'));
  const file = join(directory, 'limit.db');
  let app: SessionsApp;
  let workers: ChildProcess[];
  let urls: string[];

  beforeAll(async () => {
    const connection = database === 'sqlite' ? { connection: { dbName: file } } : {};
    app = await SessionsApp.start(database, { tableName, userId: 'user', ...connection });
    workers = [1, 2].map(() =>
      spawn(process.execPath, ['build/test/support/limit-worker.js', database, tableName, file], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    urls = await Promise.all(workers.map(async ({ stdout }) => String((await once(stdout!, 'data'))[0]).trim()));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(workers.map((worker) => (worker.stdin?.end(), worker.exitCode === null && once(worker, 'exit'))));
    await app.close();
    rmSync(directory, { recursive: true });
  });

  const send = (n: number, method: string, path: string, cookie = '') => fetch(`${urls[n % 2]}${path}`, { method, headers: { cookie } });
  const cookieOf = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const userOf = async (n: number, cookie: string) => ((await (await send(n, 'GET', '/session', cookie)).json()) as { user?: string }).user;

  it('ASVS 7.1.2 has no more sessions than allowed after 20 logins at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => send(n, 'POST', '/login')));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(await app.rows()).toBe(3);
  });

  it('ASVS 7.2.4, 7.4.1 has an id that is dead in one process after login or logout in the other', async () => {
    const before = cookieOf(await send(0, 'POST', '/login'));
    expect(await userOf(1, before)).toBe('anna');
    const after = cookieOf(await send(0, 'POST', '/login', before));
    expect([await userOf(1, before), await userOf(1, after)]).toEqual([undefined, 'anna']);
    await send(1, 'DELETE', '/session', after);
    expect(await userOf(0, after)).toBeUndefined();
  });
});
