import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import { Browser } from '../../test/support/browser.js';
import { startRecipe } from '../../test/support/recipe.js';

describe('a ws gateway', () => {
  let app: INestApplication;
  beforeAll(async () => {
    app = await startRecipe(() => import('./main.js'));
  });
  afterAll(() => app.close());

  const connect = async (cookie: string) =>
    new WebSocket(`${(await app.getUrl()).replace('http', 'ws')}/chat`, { headers: { cookie } } as never);

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

  it('closes the socket of a client without a session, and of one that has logged out', async () => {
    for (const cookie of ['', 'sid=s%3Aforged.signature']) {
      const [stranger] = (await once(await connect(cookie), 'close')) as [CloseEvent];
      expect(stranger.code).toBe(4401);
    }
    const browser = new Browser(app);
    await browser.post('/login');
    const socket = await connect(browser.cookie);
    await once(socket, 'open');
    await browser.delete('/login');
    send(socket, 'rename', 'berta');
    const [ended] = (await once(socket, 'close')) as [CloseEvent];
    expect(ended.code).toBe(4401);
    expect((await browser.get('/me')).body).toEqual({});
  });
});
