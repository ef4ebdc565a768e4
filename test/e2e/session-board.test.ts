import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { Controller, Injectable, Logger, Module, Param, Post, Session, type CanActivate } from '@nestjs/common';
import { chromium, type Browser as Chromium, type Page } from 'playwright-core';
import { vi } from 'vitest';
import { LoadBatcher } from '../../src/batching/load-batcher.js';
import { SessionBoardModule, counter } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { ONE_PER_SERVER } from '../support/databases.js';
import { IS_EXPRESS } from '../support/platform.js';
import { SessionsApp, sessionIdOf } from '../support/sessions-app.js';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The part of axe-core that is used here. */
interface Axe {
  run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

@Injectable()
class AdminGuard implements CanActivate {
  static isOpen = true;
  canActivate(): boolean {
    return AdminGuard.isOpen;
  }
}

let writes = 0;
let held = Promise.withResolvers<void>();
let arrived = Promise.withResolvers<void>();

@Controller('carts')
class CartController {
  @Post(':id/add') async add(@Session() session: Record<string, unknown>, @Param('id') id: string): Promise<void> {
    arrived.resolve();
    await held.promise;
    session['<cart>'] = [`secret-${id}-${++writes}`];
    session.visits = Number(session.visits ?? 0) + 1;
  }
  @Post(':id/clear') clear(@Session() session: Record<string, unknown>, @Param('id') id: string): void {
    session['<cart>'] = [`clear-${id}-${++writes}`];
    session.visits = Number(session.visits ?? 0) + 1;
  }
}

@Module({ controllers: [CartController] })
class CartModule {}

/** The page is the same on each database and platform. */
const hasBrowser = existsSync(CHROMIUM) && IS_EXPRESS;

describe.each(ONE_PER_SERVER)('the board on %s', (database) => {
  let app: SessionsApp;
  let url: string;
  let anna: Browser;
  const sameOrigin = () => ({ 'sec-fetch-site': 'same-origin' });

  beforeAll(async () => {
    vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const merge = { visits: counter() } as never;
    app = await SessionsApp.start(
      database,
      {
        userId: 'user',
        devices: { describe: (userAgent) => `named <${userAgent.length}>` },
        detectOverwrites: true,
        merge,
        tableName: `board_${database}`,
      },
      {
        imports: [CartModule, SessionBoardModule.forRoot({ path: 'board', guard: AdminGuard })],
        prepare: (nest) => nest.setGlobalPrefix('api'),
      },
    );
    url = `${await app.app.getUrl()}/api/board`;
    await app.clear();
    anna = new Browser(app.app);
    await anna.post('/api/login');
    for (let n = 0; n < 3; n++) await race();
    await app.sessions.prune();
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await app.close();
  });

  /** Two requests of a session rewrite one key. */
  async function race(): Promise<void> {
    held = Promise.withResolvers();
    arrived = Promise.withResolvers();
    const adding = anna.post('/api/carts/4711/add');
    await arrived.promise;
    await anna.post('/api/carts/4712/clear');
    held.resolve();
    await adding;
  }

  /** The page without the white space around its tags. */
  const read = async (query = '') => (await (await fetch(`${url}${query}`)).text()).replace(/\s*(<[^>]*>)\s*/g, '$1');
  const post = (headers: Record<string, string>, fields: Record<string, string>) =>
    fetch(url, { method: 'POST', headers, body: new URLSearchParams(fields), redirect: 'manual' });
  /** The section of a heading. */
  const section = (page: string, title: string) => page.slice(page.indexOf(`<h2>${title}</h2>`)).split('</section>')[0]!;
  const browserOf = async (user: string | undefined) => {
    const browser = new Browser(app.app);
    await browser.post('/api/set', { a: 1, ...(user && { user }) });
    return browser;
  };
  const sessionsOf = (userId: string) => app.sessions.list({ userId });

  it('shows the table, merges, contested keys, the routes that raced, and the rule to declare', async () => {
    const page = await read();
    expect(page).toMatch(/Live sessions<\/dt><dd>1</);
    expect(page).toContain('3 in the last hour');
    expect(page).toContain('<code>POST /api/carts/:id/add</code>and<code>POST /api/carts/:id/clear</code></td><td class="n">3</td>');
    expect(page).toContain('has no merge rule, and was overwritten 3 times.');
    expect(page).toContain('merge: { &#39;&lt;cart&gt;&#39;: union() }');
    expect(page).toMatch(/Conflicts<\/dt><dd>[1-9]/);
    expect(page).toMatch(/Pruner<\/h2><div[^]*<td class="n">0<\/td>/);
  });

  it('shows the routes that raced on contested keys, with a merge rule or without one', async () => {
    const contested = section(await read(), 'Contested keys');
    const pair = '<code>POST /api/carts/:id/add</code>and<code>POST /api/carts/:id/clear</code>, 3 times';
    expect(contested).toContain(`<code>&lt;cart&gt;</code></td><td class="n">3</td><td><div>${pair}</div>`);
    expect(contested).toContain(`<code>visits</code></td><td class="n">3</td><td><div>${pair}</div>`);
    expect(section(await read(), 'Overwritten keys')).not.toContain('visits');
  });

  it.each(['Slowest loads', 'Slowest commits'])('shows the routes of the %s', async (title) => {
    const rows = section(await read(), title).match(/<tr><td class="n">[\d.]+ ms<\/td><td><code>[^]*?<\/tr>/g) ?? [];
    expect(rows).toHaveLength(5);
    for (const row of rows) expect(row).toMatch(/<code>POST \/api\/(carts\/:id\/(add|clear)|login)<\/code>/);
  });

  it('shows the statements that several requests shared', async () => {
    const figure = (page: string, name: string) => Number(new RegExp(`<dt>${name}</dt><dd>(\\d+)`).exec(page)![1]);
    const figures = async () => {
      const page = await read();
      return ['Joined batches', 'Requests in them'].map((name) => figure(page, name));
    };
    const [statements, requests] = await figures();
    const loads = app.app.get(LoadBatcher, { strict: false });
    // The first one is sent at once. The others share a statement.
    await Promise.all(['a', 'b', 'c', 'c'].map((key) => loads.submit(key, undefined)));
    expect(await figures()).toEqual([statements! + 1, requests! + 3]);
  });

  it('shows the sessions by age, by size and by user', async () => {
    const others = await Promise.all(['bert', 'bert', 'carl', undefined].map((user) => browserOf(user)));
    await app.run(`update {table} set created_at = ${app.context.dialect.fromNow(String(-2 * 86_400_000))} where user_id is null`);
    await others[0]!.post('/api/set', { text: 'x'.repeat(20_000) });
    const page = await read();
    const figures = (title: string) =>
      [...section(page, title).matchAll(/<td>([^<]*)<\/td><td class="n">(\d+)/g)].map(([, name, n]) => [name, Number(n)]);
    expect(figures('Live sessions by age')).toEqual([
      ['less than 1 hour', 4],
      ['1 hour to 1 day', 0],
      ['1 day to 7 days', 1],
      ['7 days to 30 days', 0],
      ['30 days or more', 0],
    ]);
    expect(figures('Live sessions by size')).toEqual([
      ['less than 1 kB', 4],
      ['1 to 10 kB', 0],
      ['10 to 100 kB', 1],
      ['100 kB or more', 0],
    ]);
    expect(figures('Users with the most sessions')).toEqual([
      ['1.', 2],
      ['2.', 1],
      ['3.', 1],
    ]);
    expect(page).toContain('Users with a session: 3. Sessions without a user: 1.');
    expect(page).not.toMatch(/bert|carl/);
    await app.run("delete from {table} where user_id is null or user_id <> 'anna'");
  });

  it.each(['%00', 'x'.repeat(300), '%F0%9F%98%80', '%ED%A0%80', '&user=anna', '[]=anna'])(
    'lists no session of the user id %s',
    async (id) => {
      const page = await read(`?user=${id}`);
      expect(page).toContain('</html>');
      expect(page).not.toContain('End the session');
    },
  );

  it('lists the newest 100 sessions of a user, and says how many more there are', async () => {
    await browserOf('bot');
    const [{ session_id: id, ...columns }] = (await app.run("select * from {table} where user_id = 'bot'")) as [Record<string, unknown>];
    const names = Object.keys(columns);
    const { fromNow } = app.context.dialect;
    const copies = Array.from({ length: 101 }, (_, n) => n);
    for (const n of copies) {
      const values = names.map((name) => (name === 'created_at' ? fromNow(String(-(n + 1) * 60_000)) : name));
      await app.run(
        `insert into {table} (session_id, ${names.join(', ')}) select '${String(id).slice(0, 20)}${n}', ${values.join(', ')} from {table} where session_id = '${String(id)}'`,
      );
    }
    const page = await read('?user=bot');
    const newest = (await sessionsOf('bot')).slice(0, 100).map(({ handle }) => handle);
    expect([...page.matchAll(/name="handle" value="([^"]+)"/g)].map(([, handle]) => handle)).toEqual(newest);
    expect(page).toContain('The newest 100 sessions are listed. The user has 2 more.');
    expect(await read('?user=anna')).not.toContain('sessions are listed');
    await app.run("delete from {table} where user_id = 'bot'");
  });

  it('shows a name that changes the direction of a text inside of its own element', async () => {
    const [session] = await sessionsOf('anna');
    const { handle } = session!;
    await app.sessions.labelDevice({ userId: 'anna', handle, label: '\u202e<img src=x onerror=alert(1)>"\'' });
    const page = await read('?user=anna');
    await app.sessions.labelDevice({ userId: 'anna', handle, label: null });
    await app.run("update {table} set user_agent = '<Firefox>'");
    expect(await read('?user=anna')).toContain('<td><bdi>named &lt;9&gt;</bdi></td>');
    expect(page).toContain('<td><bdi>\u202e&lt;img src=x onerror=alert(1)&gt;&quot;&#39;</bdi></td>');
    expect(page).not.toContain('<img');
  });

  it('shows no value, no id of a session, and no id of a path', async () => {
    const page = await read('?user=anna');
    expect(page).toContain('End the session');
    expect(page).not.toMatch(/secret|clear-|4711|<cart>/);
    expect(page).not.toContain(sessionIdOf(anna));
  });

  it('escapes what comes from outside', async () => {
    expect(await read(`?user=${encodeURIComponent('"><script>alert(1)</script>')}`)).not.toContain('<script');
  });

  it('allows no script and no other server', async () => {
    const { headers } = await fetch(url);
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-frame-options')).toBe('DENY');
  });

  it.each<[string, () => Record<string, string>]>([
    ['another site', () => ({ 'sec-fetch-site': 'cross-site' })],
    ['a subdomain', () => ({ 'sec-fetch-site': 'same-site', origin: new URL(url).origin })],
    ['another origin', () => ({ origin: 'http://127.0.0.1:1' })],
    ['an opaque origin', () => ({ origin: 'null' })],
    ['an unknown origin', () => ({})],
  ])('ends no session for a form of %s', async (_name, headers) => {
    const [session] = await sessionsOf('anna');
    const answer = await post(headers(), { user: 'anna', handle: session!.handle });
    expect(answer.status).toBe(403);
    expect(await sessionsOf('anna')).toHaveLength(1);
  });

  it.each<[string, () => Record<string, string>]>([
    ['that says so', sameOrigin],
    ['by its origin', () => ({ origin: new URL(url).origin })],
  ])('ends a session for a form of its own page, %s', async (_name, headers) => {
    const bob = new Browser(app.app);
    await bob.post('/api/login');
    const [newest] = await sessionsOf('anna');
    const answer = await post(headers(), { user: 'anna', handle: newest!.handle });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '?user=anna&ended=yes']);
    expect(await sessionsOf('anna')).toHaveLength(1);
    const again = await post(headers(), { user: 'anna', handle: newest!.handle });
    expect(again.headers.get('location')).toBe('?user=anna&ended=no');
  });

  it('is behind its guard', async () => {
    AdminGuard.isOpen = false;
    try {
      const [session] = await sessionsOf('anna');
      const statuses = [await fetch(url), await post(sameOrigin(), { user: 'anna', handle: session!.handle })].map(({ status }) => status);
      expect(statuses).toEqual([403, 403]);
      expect(await sessionsOf('anna')).toHaveLength(1);
    } finally {
      AdminGuard.isOpen = true;
    }
  });

  (hasBrowser && database === ONE_PER_SERVER[0] ? describe : describe.skip)('in a browser', () => {
    let chrome: Chromium;
    let page: Page;
    const complaints: string[] = [];
    const hosts = new Set<string>();

    beforeAll(async () => {
      chrome = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
      page = await chrome.newPage();
      page.on('console', (message) => complaints.push(message.text()));
      page.on('request', (request) => hosts.add(new URL(request.url()).host));
      await page.goto(`${url}?user=anna`);
    }, 60_000);
    afterAll(() => chrome?.close());

    describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
      it.each([
        { width: 1200, height: 900 },
        { width: 360, height: 740 },
      ])('has no violation of WCAG 2.2 AA at $width px, and does not scroll sideways', async (viewport) => {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize(viewport);
        await page.evaluate(AXE);
        const violations = await page.evaluate(async () => {
          const { violations: found } = await (globalThis as unknown as { axe: Axe }).axe.run({ resultTypes: ['violations'] });
          return found.map(({ id, nodes }) => ({ id, targets: nodes.map((node) => node.html) }));
        });
        expect(violations).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
      });
    });

    it('ends no session for a form of another origin on the same site, and is shown in none of its frames', async () => {
      const [session] = await sessionsOf('anna');
      const fields = Object.entries({ user: 'anna', handle: session!.handle }).map(
        ([name, value]) => `<input name="${name}" value="${value}">`,
      );
      const html = `<form method="post" action="${url}">${fields.join('')}<button>Win</button></form><iframe src="${url}"></iframe>`;
      const attacker = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end(html)).listen(
        0,
        '127.0.0.1',
      );
      await once(attacker, 'listening');
      const tab = await chrome.newPage();
      await tab.goto(`http://127.0.0.1:${(attacker.address() as AddressInfo).port}`);
      expect(await tab.frameLocator('iframe').getByRole('heading').count()).toBe(0);
      const [answer] = await Promise.all([
        tab.waitForResponse((sent) => sent.request().method() === 'POST'),
        tab.getByRole('button').click(),
      ]);
      expect(answer.status()).toBe(403);
      await tab.close();
      attacker.closeAllConnections();
      attacker.close();
      expect(await sessionsOf('anna')).toHaveLength(1);
    });

    it('ends a session by the keyboard', async () => {
      await page.getByRole('button', { name: /^End the session/ }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('status').filter({ hasText: 'The session was ended.' }).waitFor();
      expect(await sessionsOf('anna')).toEqual([]);
    });

    it('loads nothing from elsewhere, and breaks no policy', () => {
      expect([...hosts]).toEqual([new URL(url).host]);
      expect(complaints).toEqual([]);
    });
  });
});
