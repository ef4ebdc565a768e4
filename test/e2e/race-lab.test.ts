import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, type Browser, type Page } from 'playwright-core';
import { SAMPLE, buildSampleApp, race, startSampleApp, type SampleApp } from '../support/sample-app.js';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const PHONE = { width: 375, height: 700 };
const DESKTOP = { width: 1280, height: 800 };
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** Without HTTPS a browser trusts only `localhost`. On other hosts, pages have no clipboard and no `crypto.randomUUID`. */
const OTHER_HOST = 'lab.test';
const REQUESTS = 12;
const HANDLER = 60;

type Event = Readonly<Record<string, any>>;

/** The part of axe-core that is used here. */
interface Axe {
  run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

const run = promisify(execFile);
const env = () => ({ ...process.env, DATABASE: 'sqlite', SQLITE_FILE: join('..', directory, 'lab.sqlite') });

let directory: string;
let app: SampleApp;

beforeAll(async () => {
  await buildSampleApp();
  directory = mkdtempSync(join(SAMPLE, 'tmp-'));
  app = await startSampleApp(env());
}, 180_000);
afterAll(async () => {
  await app?.stop();
  rmSync(directory, { recursive: true });
});

describe('a setting that cannot be used', () => {
  const taken = () => new URL(app.url).port;

  const cases: readonly (readonly [string, () => NodeJS.ProcessEnv, () => string])[] = [
    [
      'a port that is taken',
      () => ({ PORT: taken() }),
      () => `PORT=${taken()}: another program uses this port. Choose another port, for example: PORT=3001 npm start`,
    ],
    [
      'no port',
      () => ({ PORT: 'home' }),
      () => 'PORT=home: a port is a number from 0 to 65535. Choose another port, for example: PORT=3001 npm start',
    ],
    [
      'an unknown database',
      () => ({ DATABASE: 'mongo' }),
      () => 'DATABASE=mongo: use sqlite, postgresql, mysql or mariadb. For example: DATABASE=postgresql npm start',
    ],
    [
      'an unknown platform',
      () => ({ PLATFORM: 'hapi' }),
      () => 'PLATFORM=hapi: use express or fastify. For example: PLATFORM=fastify npm start',
    ],
    [
      'no server of PostgreSQL',
      () => ({ DATABASE: 'postgresql', PGHOST: '127.0.0.1', PGPORT: '1' }),
      () =>
        'DATABASE=postgresql: the database cannot be used: connect ECONNREFUSED 127.0.0.1:1. Start the server, or set PGHOST, PGPORT, PGUSER and PGPASSWORD.',
    ],
    [
      'no server of MySQL',
      () => ({ DATABASE: 'mysql', MYSQL_HOST: '127.0.0.1', MYSQL_PORT: '1' }),
      () =>
        'DATABASE=mysql: the database cannot be used: connect ECONNREFUSED 127.0.0.1:1. Start the server, or set MYSQL_HOST, MYSQL_PORT, MYSQL_USER and MYSQL_PASSWORD.',
    ],
    [
      'a folder that does not exist',
      () => ({ SQLITE_FILE: 'nowhere/lab.sqlite' }),
      () =>
        'DATABASE=sqlite: the database cannot be used: Cannot open database because the directory does not exist. Set SQLITE_FILE to a file in a folder that exists.',
    ],
  ];

  it.each(cases)(
    '%s is an error of one line that says what to do',
    async (_name, settings, message) => {
      const second = run(process.execPath, ['dist/main.js'], { cwd: SAMPLE, env: { ...env(), ...settings() } });
      await expect(second).rejects.toMatchObject({ code: 1, stderr: `${message()}\n` });
    },
    30_000,
  );
});

describe('a race', () => {
  it('tells of each request when it was loaded, handled and committed, and by which write', async () => {
    const events = await race(app, { requests: REQUESTS, wait: HANDLER, processes: 2, roundTrip: 6 });
    for (const side of ['lastWrite', 'smart']) {
      const own = events.filter((event) => event.side === side);
      for (let n = 1; n <= REQUESTS; n++) {
        const [load, handler, commit] = ['load', 'handler', 'commit'].map((phase) => {
          const found = own.filter((event) => event.n === n && event.phase === phase);
          expect(found).toHaveLength(1);
          return found[0]!;
        });
        expect(load!.to - load!.from).toBeGreaterThanOrEqual(5);
        expect(handler!.from).toBeGreaterThanOrEqual(load!.to);
        expect(handler!.to - handler!.from).toBeGreaterThanOrEqual(HANDLER / 2 - 2);
        expect(commit!.from).toBeGreaterThanOrEqual(handler!.to);
        const landed = own.filter((event) => event.type === 'write' && event.isWritten && event.carries.includes(n));
        expect(landed).toHaveLength(1);
        expect(landed[0]!.from).toBeGreaterThanOrEqual(commit!.from);
        expect(landed[0]!.to).toBeLessThanOrEqual(commit!.to);
        expect(own.find((event) => event.type === 'answer' && event.n === n)).toMatchObject({ status: 201 });
      }
    }
    expect(keysOf(events, 'smart')).toBe(REQUESTS);
    expect(keysOf(events, 'lastWrite')).toBeLessThan(REQUESTS);
  }, 30_000);
});

(existsSync(CHROMIUM) ? describe : describe.skip)('the race lab in a browser', () => {
  let browser: Browser;
  let page: Page;
  let url: string;
  const complaints: string[] = [];
  const hosts = new Set<string>();

  beforeAll(async () => {
    url = app.url.replace('localhost', OTHER_HOST);
    browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', `--host-resolver-rules=MAP ${OTHER_HOST} 127.0.0.1`],
    });
    page = await browser.newPage({ viewport: PHONE, reducedMotion: 'reduce' });
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
    await page.goto(url);
    await status('race-status', 'lost');
  }, 60_000);
  afterAll(() => browser?.close());

  /** What the page says, once it says so much. */
  const status = async (id: string, text: string) => {
    const found = page.locator(`#${id}`).filter({ hasText: text });
    await found.waitFor();
    return found.textContent();
  };

  const lookOfButton = () => page.locator('#race-form button').evaluate((button) => getComputedStyle(button).backgroundColor);

  it('races once by itself, and shows both results on the first screen of a phone', async () => {
    expect(await page.locator('#race-sides h3').allTextContents()).toEqual(['better-sqlite3-session-store', 'nestjs-smart-session']);
    expect(await page.locator('#race-sides .total strong').allTextContents()).toEqual([expect.stringMatching(/^\d+ of 20$/), '20 of 20']);
    for (const total of await page.locator('#race-sides .total strong').all()) {
      const { y, height } = (await total.boundingBox())!;
      expect(y + height).toBeLessThan(PHONE.height);
    }
  });

  it('races by the keyboard alone: keys are lost with a plain store, and none with this library', async () => {
    await page.getByText('Settings', { exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    for (let pressed = 20; pressed > REQUESTS; pressed--) await page.keyboard.press('ArrowLeft');
    await status('race-status', `${REQUESTS} requests`);
    for (let step = 0; step < 2; step++) await page.keyboard.press('Shift+Tab');
    const idle = await lookOfButton();
    await page.keyboard.press('Enter');
    await status('race-status', `${REQUESTS} requests are running`);
    expect(await lookOfButton()).not.toBe(idle);
    expect(await status('race-status', 'lost')).toMatch(/^The plain store lost [1-9]\d* of 12 keys, this library 0\.$/);
    expect(await lookOfButton()).toBe(idle);
    const [plain, merged] = await page.locator('#race-sides article').all();
    const fates = async (side: typeof plain, fate: string) => side!.locator(`[data-fate=${fate}]`).count();
    expect(await fates(plain, 'lost')).toBeGreaterThan(0);
    expect((await fates(plain, 'lost')) + (await fates(plain, 'kept'))).toBe(REQUESTS);
    expect(await fates(merged, 'kept')).toBe(REQUESTS);
    expect(await merged!.locator('[role=img]').getAttribute('aria-label')).toContain('12 kept, 0 lost');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Race');
    await page.getByText('All times as a table').click();
    expect(await page.locator('#race-times tbody tr').count()).toBe(2 * REQUESTS);
  }, 30_000);

  it('counts each click, keeps a user logged out, and logs out other devices', async () => {
    await page.locator('#shop-button').click();
    expect(await status('shop-status', 'this library')).toContain('this library 24.');
    expect(await page.locator('#shop-table .lost').count()).toBeGreaterThan(0);

    await page.locator('#logout-button').click();
    expect(await status('logout-status', 'At the end')).toContain('logged in again with the plain store, and logged out with this library');
    for (const line of await page.locator('#logout-sides [role=img]').all())
      expect(await line.getAttribute('aria-label')).toMatch(/The logout was answered after \d+ ms\./);

    for (const device of ['phone', 'laptop']) {
      await page.getByRole('button', { name: `Log in on a ${device}` }).click();
      await status('devices-status', device);
    }
    expect(await page.locator('#devices .kept').count()).toBe(3);
    await page.getByRole('button', { name: 'Log out the phone' }).click();
    await status('devices-status', 'The phone was logged out');
    expect(await page.locator('#devices li').allTextContents()).toEqual([
      'This browser✓ logged in',
      'Phonelogged out',
      'Laptop✓ logged inLog out',
    ]);
    await page.locator('#devices-logout').click();
    await status('devices-status', '1 other session was logged out');
    expect(await page.locator('#devices li').allTextContents()).toEqual(['This browser✓ logged in', 'Phonelogged out', 'Laptoplogged out']);
  }, 30_000);

  it('closes the live panel of one tab, which another process holds, when the user logs out in another tab', async () => {
    const context = await browser.newContext();
    const [one, other] = [await context.newPage(), await context.newPage()];
    await Promise.all([one, other].map((tab) => tab.goto(url)));
    const told = async (text: string) => {
      const found = one.locator('#live-status').filter({ hasText: text });
      await found.waitFor();
      return found.textContent();
    };
    await one.locator('#live-open').click();
    expect(await told('Process')).toMatch(/^✓ The panel is open\. Process \d+ holds it\.$/);
    await other.evaluate(() => fetch('/visits', { method: 'POST' }));
    await told('Changed in the session: visits');
    await other.locator('#live-logout').click();
    expect(await told('closed.')).toBe('The panel was closed. The session has ended.');
    await context.close();
  }, 60_000);

  it('names its sliders, and keeps each label on one line', async () => {
    await page.setViewportSize(DESKTOP);
    await page.locator('#race-settings').evaluate((details: HTMLDetailsElement) => (details.open = true));
    for (const name of ['Requests at once', 'Handler time', 'Processes', 'Database round trip'])
      expect(await page.getByRole('slider', { name, exact: true }).count()).toBe(1);
    const lines = await page.locator('label, button').evaluateAll((all) =>
      all.map((element) => {
        const text = document.createRange();
        text.selectNodeContents(element);
        return new Set([...text.getClientRects()].map(({ top }) => top)).size;
      }),
    );
    expect(new Set(lines)).toEqual(new Set([1]));
  });

  describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
    it.each([DESKTOP, PHONE])('has no violation of WCAG 2.2 AA that axe-core finds, at $width px', async (viewport) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize(viewport);
      if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource());
      const violations = await page.evaluate(async (tags) => {
        const { violations: found } = await (globalThis as unknown as { axe: Axe }).axe.run({
          runOnly: tags,
          resultTypes: ['violations'],
        });
        return found.map(({ id, nodes }) => ({ id, targets: nodes.map(({ html }) => html) }));
      }, WCAG);
      expect(violations).toEqual([]);
    });

    it('has bars with a contrast of 3 to 1', async () => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      for (const bar of ['load', 'handler', 'commit', 'write']) {
        const [fill, ground] = await page.evaluate((name) => {
          const chart = document.querySelector('#race-sides article:last-child .timeline')!;
          return [getComputedStyle(chart.querySelector(`.${name}`)!).fill, getComputedStyle(chart.closest('article')!).backgroundColor];
        }, bar);
        expect([bar, contrast(fill!, ground!)]).toEqual([bar, expect.toSatisfy((ratio: number) => ratio >= 3)]);
      }
    });
  });

  it('opens a link with its settings, and copies the link and an image', async () => {
    const settings = 'requests=7&wait=40&processes=1&roundTrip=3&store=better-sqlite3-session-store';
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    const own = await context.newPage();
    await own.goto(`${app.url}/?${settings}`);
    await own.locator('#race-status').filter({ hasText: 'of 7 keys' }).waitFor();
    expect(await own.getByRole('slider').evaluateAll((all: HTMLInputElement[]) => all.map(({ value }) => value))).toEqual([
      '7',
      '40',
      '1',
      '3',
    ]);
    await own.getByRole('button', { name: 'Copy link' }).click();
    await own.getByText('The link is copied.').waitFor();
    expect(await own.evaluate(() => navigator.clipboard.readText())).toBe(`${app.url}/?${settings}`);
    await own.getByRole('button', { name: 'Copy as image' }).click();
    await own.getByText('The image is copied.').waitFor();
    const { width, shades } = await own.evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      const bitmap = await createImageBitmap(await item!.getType('image/png'));
      const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
      pen.drawImage(bitmap, 0, 0);
      const { data } = pen.getImageData(0, 0, bitmap.width, bitmap.height);
      return { width: bitmap.width, shades: new Set(new Uint32Array(data.buffer)).size };
    });
    expect(width).toBeGreaterThan(1000);
    // An empty picture has one colour.
    expect(shades).toBeGreaterThan(20);
    await context.close();
  });

  it('races with the store of the link, in one process if its sessions are in memory', async () => {
    const own = await browser.newPage();
    await own.goto(`${app.url}/?requests=9&wait=40&processes=3&roundTrip=3&store=MemoryStore`);
    const text = (await own.locator('#race-status').filter({ hasText: 'of 9 keys' }).textContent())!;
    expect(text).toMatch(/^The plain store lost [1-8] of 9 keys, this library 0\.$/);
    expect(await own.locator('#race-sides h3').allTextContents()).toEqual(['MemoryStore', 'nestjs-smart-session']);
    expect(await own.getByRole('slider', { name: 'Processes' }).isDisabled()).toBe(true);
    expect(await own.locator('output[for=processes]').textContent()).toBe('1, in memory');
    await own.getByLabel('Plain store').selectOption('better-sqlite3-session-store');
    expect(await own.locator('output[for=processes]').textContent()).toBe('3');
    await own.getByRole('button', { name: 'Race', exact: true }).click();
    await own.locator('#race-sides h3').filter({ hasText: 'better-sqlite3-session-store' }).waitFor();
    expect(new URL(own.url()).searchParams.get('store')).toBe('better-sqlite3-session-store');
    await own.close();
  }, 30_000);

  it('without a clipboard, shows the link and saves the image as a file', async () => {
    await page.getByRole('button', { name: 'Copy link' }).click();
    await status('share-status', `${url}/?requests=`);
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Copy as image' }).click();
    expect((await saved).suggestedFilename()).toBe('race-lab.png');
    await status('share-status', 'saved');
  });

  it('sends less than 100 KB, and has no broken link', async () => {
    const files = new Set([
      '',
      ...(await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname))),
    ]);
    const sizes = await Promise.all(
      [...files]
        .filter((path) => /^$|\.(js|css|svg)$/.test(path))
        .map(async (path) => (await (await fetch(app.url + path)).arrayBuffer()).byteLength),
    );
    expect(sizes.length).toBeGreaterThan(10);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000);
    const links = await page.locator('a').evaluateAll((all: HTMLAnchorElement[]) => all.map(({ href }) => new URL(href)));
    const [own, others] = [true, false].map((isOwn) => links.filter(({ origin }) => (origin === url) === isOwn));
    expect(own!.length).toBeGreaterThan(5);
    for (const { pathname } of own!) expect([pathname, (await fetch(app.url + pathname)).status]).toEqual([pathname, 200]);
    const { homepage } = JSON.parse(readFileSync('package.json', 'utf8')) as { homepage: string };
    expect(others!.map(({ href }) => href)).toEqual([homepage, homepage.replace('#readme', '')]);
  });

  it('fits on a phone, complains of nothing, and asks no other host', async () => {
    await page.setViewportSize(PHONE);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect({ width, complaints, hosts: [...hosts] }).toEqual({ width: PHONE.width, complaints: [], hosts: [new URL(url).host] });
    const violated = await page.evaluate(
      () =>
        new Promise((resolve) => {
          document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective));
          fetch('https://example.com').catch(() => setTimeout(resolve, 300));
        }),
    );
    expect(violated).toBe('connect-src');
  });
});

/** How many keys a side's session holds in the end. */
function keysOf(events: readonly Event[], side: string): number {
  const result = events.find((event) => event.type === 'result' && event.side === side);
  return Object.keys(result?.content).filter((key) => key.startsWith('tab')).length;
}

function axeSource(): string {
  return readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
}

/** The contrast of two colours, as WCAG defines it. */
function contrast(one: string, other: string): number {
  const [light, dark] = [one, other].map(luminance).toSorted((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(rgb: string): number {
  const [red, green, blue] = rgb.match(/\d+/g)!.map((part) => {
    const value = Number(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
