// Takes the README's pictures of the race lab: runs races in a browser and saves what it shows.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const PICTURES = [
  { path: '../docs/race-lab.png', colorScheme: 'light' },
  { path: '../docs/race-lab-dark.png', colorScheme: 'dark' },
];

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
  for (const { path, colorScheme } of PICTURES) {
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
  await browser.close();
} finally {
  app.kill();
  await once(app, 'exit');
  rmSync(directory, { recursive: true });
}
