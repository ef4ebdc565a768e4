import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { chromium, type Browser, type Page } from 'playwright-core';
import { API, FILES, HOME, pathOf } from '../../site/.vitepress/pages.js';
import { addressesOfStyles, brokenLinks, isExternal, readBuiltPages, type BuiltPage } from '../support/built-site.js';
import { serveFolder, type StaticSite } from '../support/static-site.js';

const FOLDER = 'build/site';
const BASE = '/nestjs-smart-session/';
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 800 };
const LOOKED_AT = ['', 'merging.html', 'options.html', 'recipes/typed-cart.html', 'no-such-page.html'];

/** The part of axe-core that is used here. */
interface Axe {
  run(context: object, options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>;
}

let pages: readonly BuiltPage[];

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', 'site'], { env: { ...process.env, NODE_ENV: 'production' } });
  pages = readBuiltPages(FOLDER);
}, 300_000);

describe('the pages of the site', () => {
  const own = () => pages.filter(({ path }) => path !== '404.html');

  it('are those of the sidebar', () => {
    expect(own().map(({ path }) => path)).toEqual(FILES.map((file) => pathOf(file).replace(/md$/, 'html')).toSorted());
  });

  it('have links that lead to pages and headings', () => {
    expect(pages.flatMap(({ links }) => links).length).toBeGreaterThan(2000);
    expect(brokenLinks(pages, BASE)).toEqual([]);
  });

  it('have a title and a description of their own', () => {
    for (const text of ['title', 'description'] as const) {
      const texts = own().map((page) => page[text]);
      expect(texts.filter((each) => each.length < 10)).toEqual([]);
      expect(new Set(texts).size).toBe(texts.length);
    }
  });

  it('lead to the file to edit, unless they are generated', () => {
    const edited = own().flatMap(({ editLink }) => editLink?.split('/edit/main/')[1] ?? []);
    expect(edited.toSorted()).toEqual(FILES.filter((file) => file !== API && file !== HOME).toSorted());
  });

  it('request nothing from another host', () => {
    const requested = pages.flatMap(({ path, requested: all }) => all.map((address) => `${path}: ${address}`));
    const styles = globSync(`${FOLDER}/**/*.css`).flatMap((file) => addressesOfStyles(readFileSync(file, 'utf8')));
    expect(requested.length).toBeGreaterThan(pages.length);
    expect(styles.length).toBeGreaterThan(5);
    expect([...requested.filter((address) => isExternal(address.split(': ')[1]!)), ...styles.filter(isExternal)]).toEqual([]);
  });
});

(existsSync(CHROMIUM) ? describe : describe.skip)('the site in a browser', () => {
  let site: StaticSite;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let hosts: Set<string>;

  beforeAll(async () => {
    site = await serveFolder(FOLDER, BASE);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.stop();
  });

  beforeEach(async () => {
    complaints = [];
    hosts = new Set();
    page = await browser.newPage({ viewport: DESKTOP, reducedMotion: 'reduce' });
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
  });
  afterEach(() => page.close());

  const open = async (path: string) => {
    await page.goto(site.url + path, { waitUntil: 'networkidle' });
    await page.locator('#app h1').waitFor();
  };

  describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
    describe.each([DESKTOP, PHONE])('at $width px', (viewport) => {
      it.each(LOOKED_AT)('"%s" complains of nothing, fits, and has no violation of WCAG 2.2 AA that axe-core finds', async (path) => {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize(viewport);
        await open(path);
        expect(await page.locator('html.dark').count()).toBe(colorScheme === 'dark' ? 1 : 0);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
        expect(await violations(page)).toEqual([]);
        // Chromium reports the status of a page that does not exist.
        expect(complaints.filter((complaint) => !complaint.includes('status of 404'))).toEqual([]);
        expect([...hosts]).toEqual([new URL(site.url).host]);
      });
    });
  });

  it('shows the whole API on a phone without a horizontal scroll', async () => {
    await page.setViewportSize(PHONE);
    await open('api.html#smartsessionmodule');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(PHONE.width);
    expect(complaints).toEqual([]);
  });

  it('finds "merge rule", by the keyboard alone', async () => {
    await open('setup.html');
    await page.keyboard.press('Control+k');
    await page.locator('#localsearch-input').waitFor();
    await page.keyboard.type('merge rule');
    await page.locator('.VPLocalSearchBox .result').first().waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(/merging\.html#merge-rules$/);
    expect({ complaints, hosts: [...hosts] }).toEqual({ complaints: [], hosts: [new URL(site.url).host] });
  });

  it('plays the race once, and again on request, and tells its result in words', async () => {
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await open('');
    await page.locator('#race').scrollIntoViewIfNeeded();
    const isMoving = () => document.getAnimations().some((each) => (each as CSSAnimation).animationName === 'grow');
    await page.waitForFunction(isMoving);
    await page.waitForFunction(() => document.getAnimations().length === 0);
    await page.getByRole('button', { name: 'Play again' }).click();
    await page.waitForFunction(isMoving);
    expect(await page.locator('#race .result').allTextContents()).toEqual(['1 of 4 keys kept', '4 of 4 keys kept']);
    const [plain, merged] = await page.locator('#race [role=img]').all();
    expect(await plain!.getAttribute('aria-label')).toContain('keeps tab4 and loses tab1, tab2, tab3');
    expect(await merged!.getAttribute('aria-label')).toContain('keeps tab1, tab2, tab3, tab4 and loses nothing');
  });

  it('moves nothing for a reader who wants less motion', async () => {
    await open('');
    await page.locator('#race').scrollIntoViewIfNeeded();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    expect(await page.getByRole('button', { name: 'Play again' }).count()).toBe(0);
    expect(await page.locator('#race .mark.lost').count()).toBe(3);
  });
});

/** Returns what axe-core finds on the page. VitePress names its search button by less than the button shows. */
async function violations(page: Page): Promise<readonly { id: string; targets: readonly string[] }[]> {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async (tags) => {
    const { violations: found } = await (globalThis as unknown as { axe: Axe }).axe.run(
      { exclude: [['.DocSearch-Button']] },
      { runOnly: tags, resultTypes: ['violations'] },
    );
    return found.map(({ id, nodes }) => ({ id, targets: nodes.map(({ html }) => html) }));
  }, WCAG);
}
