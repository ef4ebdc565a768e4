import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Headers, Module, Session, Sse, type INestApplication, type MessageEvent } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { ConnectedSocket, SubscribeMessage, WebSocketGateway, type OnGatewayConnection, type WsResponse } from '@nestjs/websockets';
import type { SessionData } from 'express-session';
import { interval, map, merge, Subject, type Observable } from 'rxjs';
import { SessionService, type SessionSocket } from '../../src/index.js';
import type { Browser } from '../support/browser.js';
import { FaultSite, SERVERS, report } from '../support/fault-site.js';
import { SessionsApp } from '../support/sessions-app.js';
import { CONNECT_SILENT, connectSocketIo, connectWs, SILENT_HEADER, WS_PATH, type SocketClient } from '../support/socket-clients.js';

type Handshake = Parameters<SessionService['idOf']>[0];

type Socket = SessionSocket & { readonly request: Handshake; send(text: string): void };

const FEED = { interval: 500, grace: 6000 };
/** The clients of each kind. Each has a session of its own. */
const CLIENTS = 20;
/** The clients of each kind that read nothing, all with one session. */
const SILENT = 5;
/** More than the buffers of a connection hold. */
const FLOOD = 'x'.repeat(8 * 1024 * 1024);
/** In ms. */
const LATE = 10_000;

@WebSocketGateway({ path: WS_PATH })
class WsGateway implements OnGatewayConnection {
  readonly #silent = new Set<Socket>();

  constructor(private readonly sessions: SessionService) {}

  handleConnection(socket: Socket, handshake = socket.request): void {
    if (handshake.headers[SILENT_HEADER]) this.#silent.add(socket);
    this.sessions.bind(socket, handshake);
  }

  /** How many clients that read nothing are sent more than their connections hold. */
  flood(): number {
    for (const socket of this.#silent) socket.send(FLOOD);
    return this.#silent.size;
  }

  @SubscribeMessage('live')
  live(@ConnectedSocket() socket: SessionSocket): WsResponse<boolean | undefined> {
    return { event: 'live', data: this.sessions.boundTo(socket)?.watch.isLive };
  }
}

@WebSocketGateway()
class SocketIoGateway extends WsGateway {}

@Controller()
class TicksController {
  readonly #floods = new Subject<string>();

  constructor(private readonly sessions: SessionService) {}

  @Sse('ticks')
  ticks(@Session() session: SessionData, @Headers(SILENT_HEADER) isSilent?: string): Observable<MessageEvent> {
    const ticks = interval(100).pipe(map(String));
    const values = isSilent ? merge(this.#floods, ticks) : ticks;
    return this.sessions.whileLive(session, values).pipe(map((data) => ({ data })));
  }

  flood(): number {
    this.#floods.next(FLOOD);
    return this.#floods.observed ? SILENT : 0;
  }
}

@Module({ providers: [WsGateway], controllers: [TicksController] })
class WsModule {}
@Module({ providers: [SocketIoGateway] })
class SocketIoModule {}

/** A stream of events, as a client. */
async function connectEvents(app: INestApplication, { cookie }: Pick<Browser, 'cookie'>): Promise<SocketClient> {
  const response = await fetch(`${await app.getUrl()}/ticks`, { headers: { cookie } });
  const reader = response.body!.getReader();
  const waiting: (() => void)[] = [];
  const read = async () => {
    while (!(await reader.read()).done) for (const tell of waiting.splice(0)) tell();
    return 'the end';
  };
  return {
    closed: read(),
    send: () => {},
    // An event that arrives shows that the stream goes on.
    next: () => new Promise<true>((resolve) => waiting.push(() => resolve(true))),
    close: () => void reader.cancel(),
  };
}

/** The kinds of connections, and what a client is told by the close. */
const KINDS = [
  {
    kind: 'ws',
    module: WsModule,
    adapter: WsAdapter,
    connect: connectWs,
    sender: WsGateway,
    told: { unknown: { code: 1013, reason: 'try again later' }, ended: { code: 4401, reason: 'session ended' } },
  },
  {
    kind: 'socket.io',
    module: SocketIoModule,
    adapter: IoAdapter,
    connect: connectSocketIo,
    sender: SocketIoGateway,
    told: { unknown: { reason: 'unknown' }, ended: { reason: 'ended' } },
  },
  {
    kind: 'server-sent events',
    module: WsModule,
    adapter: WsAdapter,
    connect: connectEvents,
    sender: TicksController,
    told: { unknown: 'the end', ended: 'the end' },
  },
] as const;

describe.each(SERVERS)('connections while the database is away, on %s', (dialect) => {
  let database: FaultSite;
  beforeAll(async () => {
    database = await FaultSite.open(dialect);
  }, 120_000);
  afterAll(() => database.close(), 20_000);

  describe.each(KINDS)('$kind', ({ kind, module, adapter: Adapter, connect, sender, told }) => {
    let app: SessionsApp;
    let browsers: Browser[];
    let clients: SocketClient[];
    /** The end that each closed client was told. */
    let closes: unknown[];

    beforeAll(async () => {
      const tableName = `outage_${kind.replaceAll(/\W/g, '_')}`;
      const prepare = (nest: INestApplication) => nest.useWebSocketAdapter(new Adapter(nest));
      const options = { tableName, connection: database.server.address, timeout: 2000, feed: FEED };
      app = await SessionsApp.start(dialect, options, { imports: [module], prepare });
    });
    beforeEach(async () => {
      closes = [];
      browsers = await Promise.all(Array.from({ length: CLIENTS }, () => app.browser()));
      clients = await Promise.all(browsers.map((browser) => connect(app.app, browser)));
      for (const { closed } of clients) void closed.then((end) => closes.push(end));
      await vi.waitFor(async () => expect(await answers()).toEqual(clients.map(() => true)), LATE);
    });
    afterAll(() => app.app.close());

    /** Counts the connections that the server has. */
    const connections = () =>
      new Promise<number>((resolve) => {
        (app.app.getHttpServer() as Server).getConnections((_error, count) => resolve(count));
      });

    /** Asks over each connection whether its session is live. */
    const answers = () =>
      Promise.all(
        clients.map((client) => {
          const live = client.next('live');
          client.send('live');
          return live;
        }),
      );

    it('F36: closes the others while clients read nothing', async () => {
      const [browser] = browsers as [Browser];
      const silent = await Promise.all(Array.from({ length: SILENT }, () => CONNECT_SILENT[kind](app.app, browser)));
      const others = [clients[0]!, ...(await Promise.all(Array.from({ length: CLIENTS - 1 }, () => connect(app.app, browser))))];
      await vi.waitFor(() => expect(app.app.get<{ flood(): number }>(sender).flood()).toBe(SILENT), LATE);
      const begun = performance.now();
      await browser.delete('/session');
      expect(await Promise.all(others.map(({ closed }) => closed))).toEqual(others.map(() => told.ended));
      const ms = Math.round(performance.now() - begun);
      report(dialect, `${SILENT} clients read nothing: the last of ${CLIENTS} others closed, ${kind}`, { ms });
      expect(await connections()).toBeGreaterThanOrEqual(SILENT);
      expect(ms).toBeLessThan(2000);
      for (const socket of silent) socket.destroy();
      for (const client of clients) client.close();
      await Promise.all(clients.map(({ closed }) => closed));
    }, 60_000);

    it('F34: closes every one with its code when the database is away for the grace', async () => {
      const crashed = performance.now();
      await database.server.crash();
      await Promise.all(clients.map(({ closed }) => closed));
      const ms = Math.round(performance.now() - crashed);
      await database.server.start();
      report(dialect, `database away: the last of ${CLIENTS} connections closed, ${kind}`, { ms });
      expect(closes).toEqual(clients.map(() => told.unknown));
      // The last answer is one interval old at most. Watches end one interval early, because the next poll would come too late.
      expect(ms).toBeGreaterThan(FEED.grace / 2);
      expect(ms).toBeLessThan(FEED.grace + FEED.interval);
    }, 60_000);

    it('F35: closes none when the database is back in time, and then those that log out', async () => {
      await database.server.crash();
      await sleep(FEED.grace / 4);
      await database.server.start();
      // By now they would have been closed.
      await sleep(FEED.grace);
      expect(closes).toEqual([]);
      expect(await answers()).toEqual(clients.map(() => true));
      const begun = performance.now();
      await browsers[0]!.delete('/session');
      expect(await clients[0]!.closed).toEqual(told.ended);
      report(dialect, `database back in time, ${kind}`, { closed: 0, of: CLIENTS, logout: Math.round(performance.now() - begun) });
      expect(closes).toHaveLength(1);
      for (const client of clients) client.close();
      await Promise.all(clients.map(({ closed }) => closed));
    }, 60_000);
  });
});
