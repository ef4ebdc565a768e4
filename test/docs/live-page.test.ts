import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Module } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { Subject } from 'rxjs';
import { Browser } from '../support/browser.js';
import { repeatUntil } from '../support/repeat-until.js';
import { SessionsApp, sessionIdOf } from '../support/sessions-app.js';
import { ChatGateway } from './live-gateway.js';
import { Prices, PricesController } from './live-streams.js';

@Module({ providers: [ChatGateway, Prices], controllers: [PricesController] })
class LiveModule {}

describe('the examples of live connections', () => {
  let app: SessionsApp;
  let browser: Browser;
  beforeAll(async () => {
    const prepare = (nest: SessionsApp['app']) => nest.useWebSocketAdapter(new WsAdapter(nest));
    app = await SessionsApp.start('sqlite', { tableName: 'live_examples', feed: { interval: 50 } }, { imports: [LiveModule], prepare });
  });
  beforeEach(async () => {
    browser = await app.browser();
  });
  afterAll(() => app.close());

  it('end a socket with its session, and tell it of changes', async () => {
    const url = `${(await app.app.getUrl()).replace('http', 'ws')}/chat`;
    const socket = new WebSocket(url, { headers: { cookie: browser.cookie } } as never);
    await once(socket, 'open');
    const told = once(socket, 'message');
    const [{ data }] = await repeatUntil(told, (n) => {
      socket.send(JSON.stringify({ event: 'add', data: `tea ${n}` }));
      return browser.get('/session');
    });
    expect(JSON.parse(data)).toEqual({ event: 'changed', data: ['cart'] });
    const closed = once(socket, 'close');
    await browser.delete('/session');
    expect((await closed)[0]).toMatchObject({ code: 4401, reason: 'session ended' });
  });

  it('end a stream of events and a loop', async () => {
    const prices = new Subject<number>();
    app.app.get(Prices).changes = () => prices;
    const headers = { cookie: browser.cookie };
    const events = (await fetch(`${await app.app.getUrl()}/prices`, { headers })).text();
    await vi.waitFor(() => expect(prices.observed).toBe(true));
    const rows = new PassThrough({ objectMode: true });
    const written = new PassThrough();
    const session = (await app.sessions.load(sessionIdOf(browser)))!;
    const exported = app.app.get(PricesController).export(session, rows, written);
    rows.write('tea\n');
    prices.next(7);
    await once(written, 'readable');
    await browser.delete('/session');
    await exported;
    expect(await text(written)).toBe('tea\n');
    expect(await events).toContain('data: {"price":7}');
    expect(prices.observed).toBe(false);
  });
});
