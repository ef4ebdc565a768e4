import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import session from 'express-session';
import { runCli } from '../src/cli/run-cli.js';
import type { RaceReport } from '../src/index.js';
import { RaceApp, holdInCookie, type AppSettings } from './app.js';
import { ForgetfulStore, LockingStore } from './stores.js';

const directory = mkdtempSync(join(tmpdir(), 'session-race-'));
/** One round has two sessions, and more than a hundred requests. */
const QUICK = ['--rounds', '1', '--settle', '40'];
const apps: RaceApp[] = [];

afterEach(() => Promise.all(apps.splice(0).map((app) => app.stop())));
afterAll(() => rmSync(directory, { recursive: true }));

async function start(settings?: AppSettings): Promise<string> {
  const app = await RaceApp.start(settings);
  apps.push(app);
  return app.url;
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const code = await runCli(args, {
    stdout: { write: (text) => (written.out += text) },
    stderr: { isTTY: false, write: (text) => (written.err += text) },
  });
  return { code, ...written };
}

describe('npx session-race', () => {
  it('exits with 1 and shows the losses of MemoryStore, without a config', async () => {
    const { code, out, err } = await run('--url', await start(), ...QUICK);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toMatch(/^This app loses session data: \d+ of \d+ acknowledged updates are lost/);
    expect(out).toMatch(/sets tab\d+ with cookie \d+\s+→ acknowledged, 200 {2}← is lost/);
  });

  it('exits with 0 if nothing is lost, by several URLs', async () => {
    const store = new LockingStore();
    const urls = [await start({ store }), await start({ store })];
    const { code, out } = await run(...urls.flatMap((url) => ['--url', url]), ...QUICK);
    expect(out).toMatch(/^Nothing lost: all \d+ acknowledged updates are there/);
    expect(code).toBe(0);
  });

  it('prints the report as JSON, and sends the bounded number of requests', async () => {
    let sent = 0;
    const count = () => (sent++, false);
    const url = await start({ store: new LockingStore(), before: count });
    const { out } = await run(
      '--url',
      url,
      '--json',
      '--clients',
      '3',
      '--settle',
      '40',
      '--requests',
      '200',
      '--seconds',
      '60',
      '--rounds',
      '1000',
    );
    const report = JSON.parse(out) as RaceReport;
    expect(sent).toBeLessThanOrEqual(200);
    expect(report).toMatchObject({ verdict: 'clean', places: [url], settings: { clients: 3 } });
  });

  it('maps other routes by a config, in JSON or as a module', async () => {
    const url = await start();
    const config = {
      set: { method: 'PUT', path: '/own/{key}', body: { to: '{value}' }, headers: { 'x-csrf': 'yes' } },
      read: { path: '/own' },
      values: 'data.session',
      logout: false,
    };
    writeFileSync(join(directory, 'race.json'), JSON.stringify(config));
    writeFileSync(join(directory, 'race.mjs'), `export default ${JSON.stringify({ ...config, urls: [url] })}`);
    for (const args of [
      ['--url', url, '--config', join(directory, 'race.json')],
      ['--config', join(directory, 'race.mjs')],
    ]) {
      const { code, out, err } = await run(...args, ...QUICK);
      expect(err).toBe('');
      expect(code).toBe(1);
      expect(out).toContain('Note: Logouts are not judged: there is no route for them in the config.');
    }
  });

  it('blames no app for a client that sends what it has replaced: a cookie that each answer renews', async () => {
    const url = await start({ store: new LockingStore(), session: { rolling: true, cookie: { maxAge: 60_000 } } });
    const { code, out } = await run('--url', url, ...QUICK);
    expect(out).toMatch(/^Nothing lost/);
    expect(code).toBe(0);
  });

  it('finds updates lost in cookies that hold the session, and does not count that a copy of them stays valid', async () => {
    const { code, out } = await run('--url', await start({ before: holdInCookie }), ...QUICK);
    expect(code).toBe(1);
    expect(out).toMatch(/acknowledged updates are lost/);
    expect(out).toContain('Note: A copy of the cookie still finds the session after a logout, also with nothing else under way.');
  });

  it('follows a redirect to the same app, with the cookie of the answer before', async () => {
    const seen: unknown[] = [];
    const url = await start({
      store: new LockingStore(),
      before: ({ url: path, headers }, response) => {
        if (path === '/login') response.writeHead(302, { location: '/welcome', 'set-cookie': 'signed=in' }).end();
        if (path === '/welcome') response.end(String(seen.push(headers.cookie)));
        return path === '/login' || path === '/welcome';
      },
    });
    const file = join(directory, 'login.json');
    writeFileSync(file, JSON.stringify({ begin: { method: 'POST', path: '/login' } }));
    expect(await run('--url', url, '--config', file, ...QUICK)).toMatchObject({ code: 0, err: '' });
    expect(new Set(seen)).toEqual(new Set(['signed=in']));
  });

  it('exits with 2 if most requests fail', async () => {
    let sent = 0;
    const before = (_: IncomingMessage, response: ServerResponse) => {
      if (++sent > 20) response.writeHead(503).end('down');
      return sent > 20;
    };
    const url = await start({ store: new LockingStore(), before });
    expect(await run('--url', url, ...QUICK)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^Most requests .*: 503 .*: down/) as string,
    });
  });

  it('leaves logouts out if the app has no route for them', async () => {
    const url = await start({ store: new LockingStore(), before: without('DELETE') });
    const { code, out } = await run('--url', url, ...QUICK);
    expect(code).toBe(0);
    expect(out).toMatch(/Note: Logouts are not judged: DELETE http:\S+, with a cookie was answered with 404/);
  });

  it.each<[string, AppSettings, RegExp]>([
    [
      'an app without the routes',
      { before: without('POST') },
      /does not begin the session\.\n +sent: +POST .*\n +received: 404 .*: none here\n +right: +A status/,
    ],
    ['an app that sets no cookie', { before: answerAll }, /does not begin a session.\n[^]*received: 200[^]*right: .*Set-Cookie/],
    [
      'an app that forgets',
      { store: new ForgetfulStore() },
      /do not keep a session[^]*sent: +GET [^]*right: +The answer of the read route contains/,
    ],
    [
      'an app that redirects to another host',
      { before: redirect },
      /received: 302, a redirect to http:\/\/elsewhere.test, which is none of the URLs/,
    ],
  ])('exits with 2 and says what would be right, for %s', async (_, settings, message) => {
    const { code, out, err } = await run('--url', await start(settings), ...QUICK);
    expect(err).toMatch(message);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it('exits with 2 if two URLs do not share their sessions, or one is down', async () => {
    const [one, other] = [await start(), await start()];
    expect(await run('--url', one, '--url', other, ...QUICK)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`is not known at ${other}`) as string,
    });
    expect(await run('--url', 'http://127.0.0.1:1')).toMatchObject({
      code: 2,
      err: expect.stringContaining('Is the app running there?') as string,
    });
  });

  it.each<[string, string[], RegExp]>([
    ['no URL', [], /^There is no URL\. Give/],
    ['what is no URL', ['--url', 'localhost:3000'], /^The URL is "localhost:3000"\. Give a base URL/],
    ['an option that is not there', ['--urls', 'x'], /'--urls'.*--help lists/],
    ['a number that is none', ['--url', 'http://localhost', '--clients', 'many'], /^--clients is "many"\. Give a number/],
    ['a file that is not there', ['--config', '/no/such/file.json'], /^The config \/no\/such\/file\.json cannot be read: ENOENT/],
  ])('exits with 2 for %s', async (_, args, message) => {
    expect(await run(...args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(message) as string });
  });

  it.each<[string, object, RegExp]>([
    ['a name that is not there', { gett: {} }, /The config has "gett". There are urls, /],
    ['a route without a slash', { read: { path: 'race' } }, /read is \{"path":"race"\}. Give a route whose path begins with a slash/],
    ['a route with another name', { read: { path: '/race', verb: 'GET' } }, /read has "verb"\. There are method, /],
    ['a set without a value', { set: { path: '/race/{key}' } }, /It must have \{key\} and \{value\}/],
    ['a timeout of nothing', { timeout: 0 }, /timeout is 0\. Give ms/],
    ['a list', [], /holds \[\]\. Give an object/],
  ])('exits with 2 for a config with %s', async (_, config, message) => {
    const file = join(directory, 'wrong.json');
    writeFileSync(file, JSON.stringify(config));
    expect(await run('--url', 'http://127.0.0.1:1', '--config', file)).toMatchObject({
      code: 2,
      err: expect.stringMatching(message) as string,
    });
  });

  it('counts no update as lost that the app answered with an error', async () => {
    let sent = 0;
    const url = await start({
      store: new LockingStore(),
      before: ({ method }, response) => {
        const fails = method === 'POST' && ++sent > 6 && sent % 3 === 0;
        if (fails) response.writeHead(sent % 2 === 0 ? 500 : 409).end('sorry');
        return fails;
      },
    });
    const { code, out } = await run('--url', url, ...QUICK, '--json');
    const report = JSON.parse(out) as RaceReport;
    expect(report).toMatchObject({ verdict: 'clean', lost: 0 });
    expect(report.unknown).toBeGreaterThan(0);
    expect(report.refused).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  it('writes a page, and prints its help', async () => {
    const file = join(directory, 'report.html');
    await run('--url', await start({ store: new session.MemoryStore() }), ...QUICK, '--html', file);
    expect(readFileSync(file, 'utf8')).toContain('<!doctype html>');
    expect(await run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('--url <url>') as string });
  });
});

function without(method: string) {
  return (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === method) response.writeHead(404).end('none here');
    return request.method === method;
  };
}
function answerAll(_: IncomingMessage, response: ServerResponse): boolean {
  response.end('hello');
  return true;
}
function redirect(_: IncomingMessage, response: ServerResponse): boolean {
  response.writeHead(302, { location: 'http://elsewhere.test/login' }).end();
  return true;
}
