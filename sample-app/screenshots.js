// Takes the pictures of the docs: runs races in a browser, sends requests that race, and saves what the race lab and the board show.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const RACE_LAB = [
  { path: '../docs/race-lab.png', colorScheme: 'light' },
  { path: '../docs/race-lab-dark.png', colorScheme: 'dark' },
];

const BOARD = [
  { path: '../docs/board.png', colorScheme: 'light', width: 1200 },
  { path: '../docs/board-phone.png', colorScheme: 'dark', width: 390 },
];

const BROWSERS = {
  linux: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  phone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
};

const directory = mkdtempSync(join(tmpdir(), 'race-lab-'));
const app = spawn(process.execPath, ['dist/main.js'], {
  cwd: import.meta.dirname,
  env: { ...process.env, DATABASE: 'sqlite', SQLITE_FILE: join(directory, 'sample.sqlite'), PORT: process.env.PORT ?? '3987' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const [line] = await once(app.stdout, 'data');
  const url = String(line).match(/http:\S+/)?.[0];
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  // The board first: the page of the race lab makes sessions of its own.
  await fillBoard(url);
  for (const picture of BOARD) await drawBoard(browser, url, picture);
  for (const picture of RACE_LAB) await drawRace(browser, url, picture);
  await browser.close();
} finally {
  app.kill();
  await once(app, 'exit');
  rmSync(directory, { recursive: true });
}

/** Logs users in, and sends requests at once that change the same keys. */
async function fillBoard(url) {
  const [anna] = await Promise.all([
    login(url, 'anna', BROWSERS.linux),
    login(url, 'anna', BROWSERS.phone),
    login(url, 'bert', BROWSERS.linux),
  ]);
  const post = (path) => fetch(`${url}${path}`, { method: 'POST', headers: { cookie: anna } });
  for (let round = 0; round < 4; round++)
    await Promise.all(['/tabs/1', '/tabs/1', '/tabs/2', '/visits', '/visits', '/cart/tea', '/cart/milk'].map(post));
}

async function login(url, userId, userAgent) {
  const headers = { 'content-type': 'application/json', 'user-agent': userAgent };
  const { headers: answered } = await fetch(`${url}/login`, { method: 'POST', body: JSON.stringify({ userId }), headers });
  return answered.getSetCookie()[0].split(';')[0];
}

async function drawBoard(browser, url, { path, colorScheme, width }) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  await page.goto(`${url}/board?user=anna`);
  await page.screenshot({ path: join(import.meta.dirname, path), fullPage: true });
  await page.close();
}

async function drawRace(browser, url, { path, colorScheme }) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 800 }, deviceScaleFactor: 1.5, colorScheme });
  await page.goto(url);
  // The page races by itself. The picture shows a second race, when the browser is idle.
  await page.getByRole('status').filter({ hasText: 'The plain store lost' }).waitFor();
  await page.getByRole('button', { name: 'Race', exact: true }).click();
  await page.getByRole('status').filter({ hasText: 'are running' }).waitFor();
  await page.getByRole('status').filter({ hasText: 'The plain store lost' }).waitFor();
  await page.mouse.move(0, 0);
  const { y, height } = await page.locator('.legend').first().boundingBox();
  await page.screenshot({
    path: join(import.meta.dirname, path),
    fullPage: true,
    clip: { x: 0, y: 0, width: 1200, height: y + height + 14 },
  });
  await page.close();
}
