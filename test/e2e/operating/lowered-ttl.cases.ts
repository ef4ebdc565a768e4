import { Controller, Get, Module, Session } from '@nestjs/common';
import { NoTouch, type RunStatement } from '../../../src/index.js';
import type { Browser } from '../../support/browser.js';
import { SessionsApp } from '../../support/sessions-app.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

@Controller()
class PollingController {
  @Get('poll') @NoTouch() poll(@Session() session: object): object {
    return session;
  }
}

@Module({ controllers: [PollingController] })
class PollingModule {}

describe('a lowered ttl', () => {
  let app: SessionsApp;

  beforeAll(async () => {
    app = await SessionsApp.start('sqlite', { tableName: 'lowered', ttl: HOUR }, { imports: [PollingModule] });
  });
  beforeEach(() => app.clear());
  afterAll(() => app.close());

  const minutesLeft = async () => {
    const [row] = await app.run(`select ${app.context.dialect.until('expires_at')} as remaining from {table}`);
    return Math.round(Number(row?.remaining) / MINUTE);
  };

  /** A browser whose session was used last when the ttl was a day. */
  const previousBrowser = async () => {
    const browser = await app.browser();
    await app.run(`update {table} set expires_at = ${app.context.dialect.fromNow(String(24 * HOUR))}`);
    return browser;
  };

  it.each<[string, (browser: Browser) => Promise<unknown>]>([
    ['reads it', (browser) => browser.get('/session')],
    ['reads it and needs nothing of it', (browser) => browser.get('/nothing')],
    ['writes it', (browser) => browser.post('/set', { b: 1 })],
    ['writes it past the interceptors', (browser) => browser.get('/res')],
    ['is refused by a guard', (browser) => browser.post('/guarded')],
  ])('reaches a session by the next request that %s', async (_what, ask) => {
    const browser = await previousBrowser();
    await ask(browser);
    expect(await minutesLeft()).toBe(60);
  });

  it('reaches it by many requests at once, and costs one statement', async () => {
    const browser = await previousBrowser();
    const { run } = app.context.runner;
    const updates: string[] = [];
    const counting: RunStatement = (sql, parameters) => (sql.startsWith('update') && updates.push(sql), run(sql, parameters));
    Object.defineProperty(app.context.runner, 'run', { value: counting, writable: true });
    for (let n = 0; n < 3; n++) await browser.get('/session');
    Object.assign(app.context.runner, { run });
    expect(updates).toHaveLength(1);
    await Promise.all(Array.from({ length: 5 }, (_, n) => browser.post('/set', { [`k${n}`]: n })));
    expect(await minutesLeft()).toBe(60);
    expect(Object.keys(await browser.session())).toHaveLength(6);
  });

  it('does not reach it by a request that does not count as use', async () => {
    await (await previousBrowser()).get('/poll');
    expect(await minutesLeft()).toBe(24 * 60);
  });

  it('does not reach a session with a max age of its own', async () => {
    const browser = await app.browser();
    await browser.post('/remember', { maxAge: 48 * HOUR });
    await browser.get('/session');
    await browser.post('/set', { b: 1 });
    expect(await minutesLeft()).toBe(48 * 60);
  });
});
