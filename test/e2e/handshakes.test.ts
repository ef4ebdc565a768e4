import { once } from 'node:events';
import { connect as connectTo, type Socket as NetSocket } from 'node:net';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { SessionService, SmartSessionMiddleware } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { FAILED } from '../support/faulty-repository.js';
import { GatedApp } from '../support/gated-app.js';
import { answerJson } from '../support/platform.js';

type Handshake = (request: Request & { session: any }, response: Response, sessions: SessionService) => unknown;

/** socket.io runs middleware during a WebSocket's handshake, with a response that has some of Node's methods and no status. */
describe("a WebSocket's handshake with a session", () => {
  let app: GatedApp;
  let server: Server;
  let browser: Browser;
  let step: Handshake = () => true;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    app = await GatedApp.start();
    const middleware = app.nest.get(SmartSessionMiddleware);
    server = new Server(app.nest.getHttpServer());
    server.engine.use(middleware.use.bind(middleware));
    const runStep = async (request: Request, response: Response, next: NextFunction) => {
      if (await step(request, response, app.nest.get(SessionService))) next();
    };
    server.engine.use(((request, response, next) => void runStep(request, response, next)) as RequestHandler);
  });
  beforeEach(async () => {
    browser = new Browser(app.nest);
    await app.answer(({ session }, response) => answerJson(response, (session.n = 1)), browser);
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.disconnect();
    app.heal();
  });
  afterAll(async () => {
    await server.close();
    await app.close();
  });

  /** Resolves with the outcome: a connection may be cut off before the client counts as connected. */
  async function connect(handshake: Handshake): Promise<'connect' | 'connect_error' | 'close'> {
    step = handshake;
    const socket = io(`http://127.0.0.1:${app.port}`, {
      extraHeaders: { cookie: browser.cookie },
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    });
    sockets.push(socket);
    const events = (['connect', 'connect_error'] as const).map((event) => once(socket as never, event).then(() => event));
    return Promise.race([...events, once(socket.io as never, 'close').then(() => 'close' as const)]);
  }
  const stored = async () =>
    (await app.answer(({ session }, response) => answerJson(response, { ...session, cookie: undefined }), browser)).body;

  /** Sends a handshake that the app passes through the middleware with an empty object as the response, as the examples of ws do. */
  async function shakeHands(): Promise<string> {
    const seen = new Promise<string>((resolve) => {
      app.nest.getHttpServer().once('upgrade', (request: Request & { session?: any }, socket: NetSocket) => {
        app.nest.get(SmartSessionMiddleware).use(request, {} as Response, (error?: unknown) => {
          resolve(error ? (error as Error).name : String(request.session?.n));
          socket.destroy();
        });
      });
    });
    const socket = connectTo(app.port, '127.0.0.1').on('error', () => undefined);
    socket.write(`GET /plain HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: ${browser.cookie}\r\n\r\n`);
    await once(socket, 'close');
    return seen;
  }

  it('finds its session without a response, or gets an error', async () => {
    expect(await shakeHands()).toBe('1');
    app.repository.faults = { load: Array(3).fill(FAILED), loadMany: Array(3).fill(FAILED) };
    expect(await shakeHands()).toBe('SessionUnavailableError');
  });

  it('connects', async () => {
    expect(await connect(({ session }) => session.n === 1)).toBe('connect');
  });

  it('connects a session that it has changed, which is stored', async () => {
    expect(await connect(({ session }) => (session.n = 2))).toBe('connect');
    expect(await stored()).toEqual({ n: 2 });
  });

  it.each<[string, Handshake]>([
    ['is no value', ({ session }) => (session.n = () => {})],
    ['the database does not take', ({ session }) => (app.breakCommits(), (session.n = 3))],
  ])('is cut off when it has changed the session to what %s', async (_name, handshake) => {
    if ((await connect(handshake)) === 'connect' && sockets[0]!.connected) await once(sockets[0] as never, 'disconnect');
    expect(sockets[0]!.connected).toBe(false);
    app.heal();
    expect(await stored()).toEqual({ n: 1 });
  });

  it('connects a session that it has destroyed', async () => {
    expect(await connect(({ sessionID }, _response, sessions) => sessions.destroy(sessionID).then(() => true))).toBe('connect');
    expect(await stored()).toEqual({});
  });

  it.each<[string, (response: Response) => unknown]>([
    ['a status and an end', (response) => (response.writeHead(401), response.end())],
    ['an end alone', (response) => response.end()],
    ['a body', (response) => (response.write('no'), response.end('no'))],
  ])('is refused by %s, with a change and without', async (_name, refuse) => {
    for (const n of [1, 4])
      expect(await connect(({ session }, response) => void ((session.n = n), refuse(response)))).toBe('connect_error');
  });
});
