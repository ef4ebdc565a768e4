import type { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { createClient, type Client } from 'graphql-ws';
import { SessionService } from 'nestjs-smart-session';
import { Browser } from '../../test/support/browser.js';
import { startRecipe } from '../../test/support/recipe.js';
import { sessionIdOf } from '../../test/support/sessions-app.js';
import { ShopResolver } from './shop.resolver.js';

describe('a GraphQL API', () => {
  let app: INestApplication;
  let browser: Browser;
  const clients: Client[] = [];
  beforeAll(async () => {
    app = await startRecipe(() => import('./main.js'));
  });
  beforeEach(async () => {
    browser = new Browser(app);
    await ask('mutation { rename(name: "anna") }');
  });
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.dispose())));
  afterAll(() => app.close());

  const ask = async (query: string) => (await browser.post('/graphql', { query })).body.data;
  const subscribed = async (n: number) => {
    const { changes } = app.get(ShopResolver) as unknown as { changes: EventEmitter };
    while (changes.listenerCount(sessionIdOf(browser)) < n) await nextTurn();
  };
  const stored = async () => (await app.get(SessionService).load(sessionIdOf(browser))) as Record<string, unknown> | undefined;

  /** Subscribes with the cookie of the browser. */
  async function subscribe() {
    const { cookie } = browser;
    class WithCookie extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, { protocols, headers: { cookie } } as never);
      }
    }
    let close: (event: unknown) => void;
    const closed = new Promise<unknown>((resolve) => (close = resolve));
    const client = createClient({
      url: `${(await app.getUrl()).replace('http', 'ws')}/graphql`,
      webSocketImpl: WithCookie,
      retryAttempts: 0,
      on: { closed: (event) => close(event) },
    });
    clients.push(client);
    return { client, baskets: client.iterate<{ basketChanged: string[] }>({ query: 'subscription { basketChanged }' }), closed };
  }

  it('stores what the mutations of a request change, in series', async () => {
    const query = 'mutation { first: addToBasket(sku: "a") rename(name: "berta") second: addToBasket(sku: "b") }';
    expect(await ask(query)).toEqual({ first: ['a'], rename: 'berta', second: ['a', 'b'] });
    expect(await ask('{ name basket }')).toEqual({ name: 'berta', basket: ['a', 'b'] });
  });

  it('loses no change of requests that run at once', async () => {
    await Promise.all(['b', 'c', 'd'].map((sku) => ask(`mutation { addToBasket(sku: "${sku}") rename(name: "${sku}") }`)));
    expect((await ask('{ basket }')).basket.toSorted()).toEqual(['b', 'c', 'd']);
  });

  it('checks out once', async () => {
    await ask('mutation { addToBasket(sku: "a") }');
    const bought = await Promise.all([1, 2, 3].map(() => ask('mutation { checkout }')));
    expect(bought.map(({ checkout }) => checkout).toSorted()).toEqual([0, 0, 1]);
  });

  it('loads and updates the session in a subscription, which ends after a logout', async () => {
    const { baskets, closed } = await subscribe();
    const first = baskets.next();
    await subscribed(1);
    await ask('mutation { addToBasket(sku: "a") }');
    expect((await first).value.data).toEqual({ basketChanged: ['a'] });
    const second = baskets.next();
    await ask('mutation { addToBasket(sku: "b") }');
    expect((await second).value.data).toEqual({ basketChanged: ['a', 'b'] });
    expect(await stored()).toMatchObject({ name: 'anna', basket: ['a', 'b'], shown: 2 });
    const last = baskets.next();
    await ask('mutation { logout }');
    expect(await closed).toMatchObject({ code: 4401, reason: 'session ended' });
    expect(await last.catch(() => 'closed')).toBeDefined();
    expect(await stored()).toBeUndefined();
  });

  it.each(['mutation { rename(name: "berta") }', 'mutation { checkout }', '{ basket }'])('answers %s by HTTP only', async (query) => {
    const { client } = await subscribe();
    const { value } = await client.iterate({ query }).next();
    expect(value.errors).toHaveLength(1);
    expect(await stored()).toMatchObject({ name: 'anna' });
  });

  it('refuses a WebSocket without a session', async () => {
    browser.cookie = '';
    const { baskets, closed } = await subscribe();
    await expect(baskets.next()).rejects.toMatchObject({ code: 4401 });
    expect(await closed).toMatchObject({ code: 4401, reason: 'no session' });
  });
});
