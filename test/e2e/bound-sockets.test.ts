import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Module, type INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type WsResponse,
} from '@nestjs/websockets';
import { SessionService, type SessionSocket } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { repeatUntil } from '../support/repeat-until.js';
import { SessionsApp, sessionIdOf } from '../support/sessions-app.js';
import { connectRaw, connectSocketIo, connectWs, frameOf, WS_PATH } from '../support/socket-clients.js';

type Handshake = Parameters<SessionService['idOf']>[0];
/** The used part of a socket of either package. */
type Socket = SessionSocket & { readonly request: Handshake; emit(event: string, data: unknown): void; send(text: string): void };

const HOUR = 60 * 60 * 1000;
/** How many watches a process may have. More sockets than that come and go. */
const MOST = 4;

@WebSocketGateway({ path: WS_PATH })
class WsGateway implements OnGatewayConnection, OnGatewayDisconnect {
  @WebSocketServer() readonly server!: { clients: ReadonlySet<Socket> };
  heard = 0;
  open = 0;
  errors: string[] = [];

  constructor(private readonly sessions: SessionService) {}

  handleConnection(socket: Socket, handshake: Handshake = socket.request): void {
    this.open++;
    this.sessions.bind(socket, handshake, {
      keys: ['cart'] as never,
      onChange: ({ keys }) => this.tell(socket, 'changed', keys),
    });
  }

  handleDisconnect(): void {
    this.open--;
  }

  @SubscribeMessage('hear')
  hear(@MessageBody() by: string): WsResponse<string> {
    this.heard++;
    return { event: 'heard', data: by };
  }

  @SubscribeMessage('set')
  async set(@ConnectedSocket() socket: Socket, @MessageBody() values: object): Promise<WsResponse<unknown>> {
    const bound = this.sessions.boundTo(socket)!;
    await bound.watch.checked;
    const data = await this.sessions
      .update(bound.sessionId, (draft) => Object.assign(draft, values))
      .then(
        () => bound.watch.isLive,
        (error: Error) => this.errors.push(error.name),
      );
    return { event: 'set', data };
  }

  protected tell(socket: Socket, event: string, data: unknown): void {
    socket.send(JSON.stringify({ event, data }));
  }
}

@WebSocketGateway()
class SocketIoGateway extends WsGateway {
  protected override tell(socket: Socket, event: string, data: unknown): void {
    socket.emit(event, data);
  }
}

@Module({ providers: [WsGateway] })
class WsModule {}
@Module({ providers: [SocketIoGateway] })
class SocketIoModule {}

/** The close that a client sees, by the reason. */
const KINDS = {
  ws: {
    imports: [WsModule],
    gateway: WsGateway,
    connect: connectWs,
    prepare: (app: INestApplication) => app.useWebSocketAdapter(new WsAdapter(app)),
    told: {
      none: { code: 4401, reason: 'no session' },
      ended: { code: 4401, reason: 'session ended' },
      expired: { code: 4401, reason: 'session expired' },
      unknown: { code: 1013, reason: 'try again later' },
    },
  },
  'socket.io': {
    imports: [SocketIoModule],
    gateway: SocketIoGateway,
    connect: connectSocketIo,
    prepare: (app: INestApplication) => app.useWebSocketAdapter(new IoAdapter(app)),
    told: {
      none: { reason: 'none' },
      ended: { reason: 'ended' },
      expired: { reason: 'expired' },
      unknown: { reason: 'unknown' },
    },
  },
} as const;

const CASES = DATABASES.flatMap((database) => Object.entries(KINDS).map(([name, kind]) => ({ database, name, ...kind })));

describe.each(CASES)(
  'sockets of $name that are bound to sessions, on $database',
  ({ database, name, imports, gateway, connect, prepare, told }) => {
    let [here, there] = [] as unknown as [SessionsApp, SessionsApp];

    const start = () => {
      const tableName = `bound_${name.replace('.', '_')}_${database}`;
      const connection = database === 'sqlite' ? { connection: { dbName: FILE } } : {};
      const feed = { interval: 50, grace: 5000, maxWatches: MOST };
      return SessionsApp.start(database, { tableName, ttl: HOUR, feed, ...connection }, { imports: [...imports], prepare });
    };
    beforeAll(async () => {
      here = await start();
      there = await start();
    });
    afterEach(() => vi.waitFor(() => expect([here, there].map((app) => gatewayOf(app).open)).toEqual([0, 0]), 10_000));
    afterAll(async () => {
      await there.app.close();
      await here.close();
    });
    const gatewayOf = ({ app }: SessionsApp) => app.get<WsGateway>(gateway);

    it.each<[keyof typeof told, (browser: Browser) => Promise<unknown>]>([
      ['ended', (browser) => browser.delete('/session')],
      ['expired', () => here.age(2 * HOUR)],
    ])('closes the sockets of all processes when the session has %s', async (reason, end) => {
      const browser = await here.browser();
      const clients = await Promise.all([here, there].map(({ app }) => connect(app, browser)));
      for (const client of clients) {
        const set = client.next('set');
        client.send('set', { name: 'anna' });
        expect(await set).toBe(true);
      }
      await end(browser);
      expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual([told[reason], told[reason]]);
    });

    it('tells a socket which keys were changed, in any process, and of no others', async () => {
      const browser = await here.browser();
      const client = await connect(there.app, browser);
      const set = client.next('set');
      client.send('set', { other: 2 });
      await set;
      const changed = client.next('changed');
      // A watch compares with what it has seen first, so it may not know the first cart.
      const keys = await repeatUntil(changed, (n) => browser.post('/set', { more: n, cart: [n] }));
      expect(keys).toEqual(['cart']);
      client.close();
      await client.closed;
    });

    it.each([
      ['no cookie', 'none', async () => ({ cookie: '' })],
      ['a forged cookie', 'none', async () => ({ cookie: 'sid=s%3Aforged.signature' })],
      [
        'a session that has ended',
        'ended',
        async () => {
          const browser = await here.browser();
          await here.sessions.destroy(sessionIdOf(browser));
          return browser;
        },
      ],
    ] as const)('refuses a socket with %s', async (_name, reason, open) => {
      const client = await connect(here.app, await open());
      expect(await client.closed).toEqual(told[reason]);
    });

    it('stops the watch of a socket that is closed, so that others may follow', async () => {
      const browser = await here.browser();
      for (let n = 0; n < 3 * MOST; n++) {
        const client = await connect(here.app, browser);
        const heard = client.next('heard');
        client.send('hear', 'anna');
        await heard;
        client.close();
        await client.closed;
      }
    });

    it('refuses sockets beyond the limit of watches, and none when a socket has left', async () => {
      const browser = await here.browser();
      const clients = await Promise.all(Array.from({ length: MOST }, () => connect(here.app, browser)));
      const refused = await connect(here.app, browser);
      expect(await refused.closed).toEqual(told.unknown);
      for (const client of clients) client.close();
      await Promise.all(clients.map(({ closed }) => closed));
    });

    it('closes the sockets of a process that ends', async () => {
      const third = await start();
      const client = await connect(third.app, await here.browser());
      await third.app.close();
      expect(await client.closed).toEqual(told.unknown);
    });

    if (name !== 'ws') return;

    it('hears no message after the close, from a client that never answers it, and cuts the connection', async () => {
      const browser = await here.browser();
      const [raw, other] = await Promise.all([connectRaw(here.app, browser, { event: 'set', data: {} }), connect(here.app, browser)]);
      const closed = once(raw.resume(), 'close');
      const { server } = gatewayOf(here);
      await here.sessions.destroy(sessionIdOf(browser));
      await other.closed;
      const { heard } = gatewayOf(here);
      raw.write(frameOf({ event: 'hear', data: 'late' }));
      await closed;
      expect(gatewayOf(here).heard).toBe(heard);
      await vi.waitFor(() => expect(server.clients.size).toBe(0));
    });

    it('hears no message of a client that is refused, also if it comes with the handshake', async () => {
      const { heard } = gatewayOf(here);
      const raw = await connectRaw(here.app, { cookie: '' }, { event: 'hear', data: 'early' });
      await once(raw.resume(), 'close');
      expect(gatewayOf(here).heard).toBe(heard);
    });

    it('closes the other sockets while a client reads nothing', async () => {
      const browser = await here.browser();
      const slow = await connectRaw(here.app, browser, { event: 'set', data: {} });
      const { server } = gatewayOf(here);
      const [held] = server.clients;
      const other = await connect(here.app, browser);
      const text = 'x'.repeat(1024 * 1024);
      for (let n = 0; n < 16; n++) held!.send(JSON.stringify({ event: 'large', data: text }));
      await here.sessions.destroy(sessionIdOf(browser));
      expect(await other.closed).toEqual(told.ended);
      while (server.clients.size > 0) await nextTurn();
      slow.destroy();
    });
  },
);

describe('another object than a socket', () => {
  it('is refused by bind', async () => {
    const app = await SessionsApp.start('sqlite', { tableName: 'bound_other' });
    for (const other of [{}, undefined, new EventTarget()])
      expect(() => app.sessions.bind(other as never, 'an id')).toThrow(/no socket of `ws` or socket.io/);
    await app.close();
  });
});

const FILE = `/tmp/smart-session-bound-${process.pid}.db`;

describe('a handshake', () => {
  let app: SessionsApp;
  beforeAll(async () => {
    const transport = ['cookie', { header: 'X-Session' }] as const;
    app = await SessionsApp.start(
      'sqlite',
      { tableName: 'bound_handshakes', transport },
      { imports: [WsModule], prepare: KINDS.ws.prepare },
    );
  });
  afterAll(() => app.close());

  it('with two session ids has no session', async () => {
    const { cookie } = await app.browser({ a: 1 });
    const url = `${(await app.app.getUrl()).replace('http', 'ws')}${WS_PATH}`;
    const socket = new WebSocket(url, { headers: { cookie, 'x-session': 'another' } } as never);
    const [{ code, reason }] = await once(socket, 'close');
    expect({ code, reason }).toEqual(KINDS.ws.told.none);
  });

  it('that is none is an error of the caller', () => {
    expect(() => app.app.get(SessionService).bind({} as never, {} as never)).toThrow(TypeError);
  });
});
