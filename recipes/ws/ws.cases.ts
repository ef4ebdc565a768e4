import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import { Browser } from '../../test/support/browser.js';
import { repeatUntil } from '../../test/support/repeat-until.js';
import { newSqliteFile, startRecipe } from '../../test/support/recipe.js';
import { RecipeProcess } from '../../test/support/recipe-process.js';

describe('a ws gateway', () => {
  let app: INestApplication;
  let there: RecipeProcess;
  beforeAll(async () => {
    app = await startRecipe(() => import('./main.js'), { SQLITE_FILE: newSqliteFile() });
    there = await RecipeProcess.start('ws');
  });
  afterAll(() => Promise.all([app.close(), there.close()]));

  const connect = async (cookie: string, to: Pick<INestApplication, 'getUrl'> = app) =>
    new WebSocket(`${(await to.getUrl()).replace('http', 'ws')}/chat`, { headers: { cookie } } as never);

  /** Resolves with as many messages of an event as wanted. */
  function heard(socket: WebSocket, wanted: string, times = 1): Promise<unknown[]> {
    const found: unknown[] = [];
    return new Promise((resolve) => {
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(data as string) as { event: string; data: unknown };
        if (message.event === wanted) found.push(message.data);
        if (found.length === times) resolve(found);
      });
    });
  }
  const send = (socket: WebSocket, event: string, data: string) => socket.send(JSON.stringify({ event, data }));

  it('shares the session with HTTP requests and loses no change, from the first message on', async () => {
    const browser = new Browser(app);
    await browser.post('/login');
    const socket = await connect(browser.cookie);
    const [renamed, said] = [heard(socket, 'renamed'), heard(socket, 'said', 5)];
    await once(socket, 'open');
    send(socket, 'rename', 'berta');
    for (let n = 0; n < 5; n++) send(socket, 'say', 'hello');
    expect(await renamed).toEqual(['berta']);
    expect(await said).toHaveLength(5);
    expect((await browser.get('/me')).body).toEqual({ nickname: 'berta', messagesSent: 5 });
    await browser.post('/login');
    const answer = heard(socket, 'said');
    send(socket, 'say', 'hello');
    expect(await answer).toEqual(['anna: hello']);
    socket.close();
  });

  it('closes the socket of a client without a session', async () => {
    for (const cookie of ['', 'sid=s%3Aforged.signature']) {
      const [stranger] = (await once(await connect(cookie), 'close')) as [CloseEvent];
      expect([stranger.code, stranger.reason]).toEqual([4401, 'no session']);
    }
  });

  it('tells the sockets of two processes of a change, and closes them after a logout', async () => {
    const browser = new Browser(app);
    await browser.post('/login');
    const sockets = await Promise.all([app, there].map((one) => connect(browser.cookie, one)));
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    const told = Promise.all(sockets.map((socket) => heard(socket, 'changed')));
    // A watch compares with what it has seen first, so it may not know the first name.
    const changed = await repeatUntil(told, (n) => {
      const renamed = heard(sockets[0]!, 'renamed');
      send(sockets[0]!, 'rename', `anna ${n}`);
      return renamed;
    });
    expect(changed.map(([first]) => first)).toEqual([['nickname'], ['nickname']]);
    const closed = sockets.map((socket) => once(socket, 'close'));
    await browser.delete('/login');
    for (const [{ code, reason }] of await Promise.all(closed)) expect([code, reason]).toEqual([4401, 'session ended']);
    expect((await browser.get('/me')).body).toEqual({});
  });
});
