import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { SAMPLE, buildSampleApp, startSampleApp, type SampleApp } from '../support/sample-app.js';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const PHONE = { width: 375, height: 700 };
const REQUESTS = 12;
const HANDLER = 60;

type Event = Readonly<Record<string, any>>;

let directory: string;
let app: SampleApp;

beforeAll(async () => {
  await buildSampleApp();
  directory = mkdtempSync(join(SAMPLE, 'tmp-'));
  app = await startSampleApp({ ...process.env, DATABASE: 'sqlite', SQLITE_FILE: join('..', directory, 'lab.sqlite') });
}, 60_000);
afterAll(async () => {
  await app?.stop();
  rmSync(directory, { recursive: true });
});

describe('a race', () => {
  it('tells of each request when it was loaded, handled and committed, and by which write', async () => {
    const events = await race({ requests: REQUESTS, wait: HANDLER, processes: 2, roundTrip: 6 });
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
  const complaints: string[] = [];
  const hosts = new Set<string>();

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: PHONE, reducedMotion: 'reduce' });
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
    await page.goto(app.url);
    await page.getByText(`20 requests are ready.`).waitFor();
  }, 60_000);
  afterAll(() => browser?.close());

  /** What the page says, once it says so much. */
  const status = async (id: string, text: string) => {
    const found = page.locator(`#${id}`).filter({ hasText: text });
    await found.waitFor();
    return found.textContent();
  };

  it('races by the keyboard alone: keys are lost with a plain store, and none with this library', async () => {
    await page.keyboard.press('Tab');
    for (let pressed = 20; pressed > REQUESTS; pressed--) await page.keyboard.press('ArrowLeft');
    await page.getByText(`${REQUESTS} requests are ready.`).waitFor();
    for (let field = 0; field < 4; field++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await status('race-status', 'lost')).toMatch(/^The plain store lost [1-9]\d* of 12 keys, this library 0\.$/);
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
      'Phone✕ logged out',
      'Laptop✓ logged inLog out',
    ]);
    await page.locator('#devices-logout').click();
    await status('devices-status', '1 other session was logged out');
    expect(await page.locator('#devices li').allTextContents()).toEqual([
      'This browser✓ logged in',
      'Phone✕ logged out',
      'Laptop✕ logged out',
    ]);
  }, 30_000);

  it('fits on a phone, complains of nothing, and asks no other host', async () => {
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect({ width, complaints, hosts: [...hosts] }).toEqual({ width: PHONE.width, complaints: [], hosts: [new URL(app.url).host] });
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

/** Runs a race, and gives what the page would be told. */
async function race(plan: Record<string, number>): Promise<Event[]> {
  const query = new URLSearchParams(Object.entries(plan).map(([name, value]) => [name, String(value)]));
  const response = await fetch(`${app.url}/lab/race?${query}`);
  return [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Event);
}

/** How many keys a side's session holds in the end. */
function keysOf(events: readonly Event[], side: string): number {
  const result = events.find((event) => event.type === 'result' && event.side === side);
  return Object.keys(result?.content).filter((key) => key.startsWith('tab')).length;
}
