import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import { io, type Socket } from 'socket.io-client';
import { Browser } from '../../test/support/browser.js';
import { repeatUntil } from '../../test/support/repeat-until.js';
import { newSqliteFile, startRecipe } from '../../test/support/recipe.js';
import { RecipeProcess } from '../../test/support/recipe-process.js';

describe('a socket.io gateway', () => {
  let app: INestApplication;
  let there: RecipeProcess;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    app = await startRecipe(() => import('./main.js'), { SQLITE_FILE: newSqliteFile() });
    there = await RecipeProcess.start('socket-io');
  });
  afterEach(() => sockets.splice(0).forEach((socket) => socket.disconnect()));
  afterAll(() => Promise.all([app.close(), there.close()]));

  async function connect(cookie: string, transport: string, to: Pick<INestApplication, 'getUrl'> = app): Promise<Socket> {
    const socket = io(await to.getUrl(), { extraHeaders: { cookie }, transports: [transport], forceNew: true });
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

  it('disconnects a client without a session', async () => {
    const stranger = await connect('', 'websocket');
    if (stranger.connected) await on(stranger, 'disconnect');
  });

  it.each(['websocket', 'polling'])('tells the sockets of two processes of a change and of a logout, by %s', async (transport) => {
    const browser = new Browser(app);
    await browser.post('/login');
    const both = await Promise.all([app, there].map((one) => connect(browser.cookie, transport, one)));
    expect(await Promise.all(both.map((socket) => socket.emitWithAck('say', 'hello')))).toHaveLength(2);
    const told = Promise.all(both.map((socket) => on(socket, 'changed')));
    // A watch compares with what it has seen first, so it may not know the first name.
    const changed = await repeatUntil(told, (n) => both[0]!.emitWithAck('rename', `anna ${n}`));
    expect(changed).toEqual([[['nickname']], [['nickname']]]);
    const ends = both.map((socket) => on(socket, 'session-end'));
    const disconnected = both.map((socket) => on(socket, 'disconnect'));
    await browser.delete('/login');
    expect(await Promise.all(ends)).toEqual([[{ reason: 'ended' }], [{ reason: 'ended' }]]);
    await Promise.all(disconnected);
    expect((await browser.get('/me')).body).toEqual({});
  });
});

/** Waits for an event of a socket, which is not a Node event emitter. */
function on(socket: Socket, event: string): Promise<unknown[]> {
  return once(socket as never, event);
}
