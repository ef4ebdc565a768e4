import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import { io, type Socket } from 'socket.io-client';
import { Browser } from '../../test/support/browser.js';
import { startRecipe } from '../../test/support/recipe.js';

describe('a socket.io gateway', () => {
  let app: INestApplication;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    app = await startRecipe(() => import('./main.js'));
  });
  afterEach(() => sockets.splice(0).forEach((socket) => socket.disconnect()));
  afterAll(() => app.close());

  async function connect(cookie: string, transport: string): Promise<Socket> {
    const socket = io(await app.getUrl(), { extraHeaders: { cookie }, transports: [transport], forceNew: true });
    sockets.push(socket);
    await on(socket, 'connect');
    return socket;
  }

  it.each(['websocket', 'polling'])('shares the session with HTTP requests and loses no change, by %s', async (transport) => {
    const browser = new Browser(app);
    await browser.post('/login');
    const socket = await connect(browser.cookie, transport);
    const said: string[] = [];
    socket.on('said', (text: string) => said.push(text));
    const [nickname, ...sent] = await Promise.all([
      socket.emitWithAck('rename', 'berta'),
      ...Array.from({ length: 5 }, () => socket.emitWithAck('say', 'hello')),
    ]);
    expect(nickname).toBe('berta');
    expect(sent.toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(said).toHaveLength(5);
    expect((await browser.get('/me')).body).toEqual({ nickname: 'berta', messagesSent: 5 });
    await browser.post('/login');
    const answer = on(socket, 'said');
    socket.emit('say', 'hello');
    expect(await answer).toEqual(['anna: hello']);
  });

  it('disconnects a client without a session, and one that has logged out', async () => {
    const stranger = await connect('', 'websocket');
    if (stranger.connected) await on(stranger, 'disconnect');
    const browser = new Browser(app);
    await browser.post('/login');
    const socket = await connect(browser.cookie, 'websocket');
    await browser.delete('/login');
    socket.emit('rename', 'berta');
    await on(socket, 'disconnect');
    expect((await browser.get('/me')).body).toEqual({});
  });
});

/** Waits for an event of a socket, which is not a Node event emitter. */
function on(socket: Socket, event: string): Promise<unknown[]> {
  return once(socket as never, event);
}
