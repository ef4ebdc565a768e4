import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';
import { htmlReport, type RaceReport } from '../src/index.js';
import { lossyReport } from './lossy-report.js';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };
/** Each width and each scheme once: the layout depends on the one, and the colors on the other. */
const VIEWS = [
  ['a desktop', DESKTOP, 'light'],
  ['a phone', PHONE, 'dark'],
] as const;

/** The part of axe-core that is used here. */
interface Axe {
  run(context: object, options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

let report: RaceReport;
beforeAll(async () => {
  report = await lossyReport();
});

describe('the page', () => {
  it('shows what an app has answered as text', () => {
    const page = htmlReport({ ...report, notes: ['<script>alert("1")</script>'] });
    expect(page).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    expect(page).not.toContain('<script');
  });

  it('names no cookie', () => {
    expect(htmlReport(report) + JSON.stringify(report)).not.toContain('connect.sid');
  });
});

(existsSync(CHROMIUM) ? describe : describe.skip)('the page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());

  it.each(VIEWS)(
    'asks for nothing, complains of nothing, fits %s, and has no violation of WCAG 2.2 AA that axe-core finds',
    async (_, viewport, colorScheme) => {
      const context = await browser.newContext({ viewport, colorScheme, bypassCSP: true });
      const page = await context.newPage();
      const heard: string[] = [];
      page.on('request', (request) => heard.push(request.url()));
      page.on('console', (message) => heard.push(message.text()));
      page.on('pageerror', (error) => heard.push(error.message));
      await page.setContent(htmlReport(report));
      expect(heard).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
      expect(await violations(page)).toEqual([]);
      if (process.env.PICTURES)
        await page.screenshot({ path: `${process.env.PICTURES}/${viewport.width}-${colorScheme}.png`, fullPage: true });
      await context.close();
    },
    180_000,
  );

  it('has a time line in which the update that is lost and the one that is kept overlap', async () => {
    const page = await browser.newPage({ viewport: DESKTOP });
    await page.setContent(htmlReport(report));
    const [victim, suspect, proof] = await Promise.all(
      ['victim', 'suspect', 'proof'].map((role) => page.locator(`section:first-of-type .${role} .bar`).boundingBox()),
    );
    expect(victim!.x).toBeLessThan(suspect!.x + suspect!.width);
    expect(suspect!.x).toBeLessThan(victim!.x + victim!.width);
    expect(proof!.x).toBeGreaterThanOrEqual(victim!.x + victim!.width);
    await page.close();
  });
});

async function violations(page: Page): Promise<readonly { id: string; targets: readonly string[] }[]> {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async (tags) => {
    const { violations: found } = await (globalThis as unknown as { axe: Axe }).axe.run(document, {
      runOnly: tags,
      resultTypes: ['violations'],
    });
    return found.map(({ id, nodes }) => ({ id, targets: nodes.map(({ html }) => html) }));
  }, WCAG);
}
