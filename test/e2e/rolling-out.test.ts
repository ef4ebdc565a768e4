import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import {
  SessionService,
  SmartSessionMiddleware,
  counter,
  richCodec,
  union,
  type SmartSessionModuleOptions,
  type ValueCodec,
} from '../../src/index.js';
import { answerJson } from '../support/platform.js';
import { startTestApp } from '../support/test-app.js';

type Live = Request['session'] & Record<string, any>;
type Options = Partial<SmartSessionModuleOptions>;

/** An app with the options of one step of a rollout, on the database that all of them share. */
class StepApp {
  private constructor(
    private readonly app: INestApplication,
    private readonly url: string,
    private readonly handlers: Map<string, (session: Live, request: Request) => unknown>,
  ) {}

  static async start(dbName: string, options: Options): Promise<StepApp> {
    const handlers = new Map<string, (session: Live, request: Request) => unknown>();
    const app = await startTestApp('sqlite', {
      options: { connection: { dbName }, mount: false, pruneInterval: false, merge: { tags: union(), n: counter() } as never, ...options },
      prepare: (nest) => {
        const middleware = nest.get(SmartSessionMiddleware);
        nest.use(middleware.use.bind(middleware));
        const handle = async (request: Request, response: Response) => {
          const result = await handlers.get(request.originalUrl)!(request.session as Live, request);
          answerJson(response, result ?? null);
        };
        nest.use('/', (request: Request, response: Response, next: NextFunction) => void handle(request, response).then(undefined, next));
      },
    });
    return new StepApp(app, await app.getUrl(), handlers);
  }

  get sessions(): SessionService {
    return this.app.get(SessionService);
  }

  close(): Promise<void> {
    return this.app.close();
  }

  /** Sends a request whose handler the test gives, with the client's cookie, and expects it to succeed. */
  async visit(client: { cookie: string }, handler: (session: Live, request: Request) => unknown): Promise<void> {
    const path = `/${randomUUID()}`;
    this.handlers.set(path, handler);
    const response = await fetch(this.url + path, { headers: { cookie: client.cookie }, signal: AbortSignal.timeout(30_000) });
    expect({ status: response.status, body: await response.json() }).toMatchObject({ status: 200 });
    const [set] = response.headers.getSetCookie();
    if (set) client.cookie = set.split(';')[0]!;
  }

  /** What a handler finds in the session. */
  async read(client: { cookie: string }): Promise<Record<string, unknown>> {
    let found = {};
    await this.visit(client, (session) => {
      found = { ...session };
    });
    delete (found as { cookie?: unknown }).cookie;
    return found;
  }
}

class Money {
  constructor(readonly cents: number) {}
}

const moneyCodec: ValueCodec = {
  encode: (value) => (value instanceof Money ? { $cents: value.cents } : value),
  decode: (stored) => (typeof stored === 'object' && stored !== null && '$cents' in stored ? new Money(Number(stored.$cents)) : stored),
};
const moneyOnRich: ValueCodec = {
  encode: (value, key) => (value instanceof Money ? moneyCodec.encode(value, key) : richCodec.encode(value, key)),
  decode: (stored) => moneyCodec.decode(richCodec.decode(stored)),
};

/** The values that the code of one step puts under `cart`. */
const JSON_CART = () => ({ items: ['first'], added: '2026-01-01T00:00:00.000Z' });
const RICH_CART = () => ({ items: ['first'], added: new Date(0), seen: new Map([['first', new Set([1n])]]), shown: /x/g, last: undefined });
const MONEY_CART = () => ({ items: ['first'], total: 5 });

/** Writes every value in a form of its own. */
const reversed: ValueCodec = {
  encode: (value) => ({ $reversed: [...JSON.stringify(value)].toReversed().join('') }),
  decode: (stored) => (isReversed(stored) ? JSON.parse([...stored.$reversed].toReversed().join('')) : stored),
};
function isReversed(stored: unknown): stored is { $reversed: string } {
  return typeof (stored as { $reversed?: unknown } | null)?.$reversed === 'string';
}
const [keyA, keyB] = [randomBytes(32), randomBytes(32)];
const [secretA, secretB] = ['a', 'b'].map((text) => text.repeat(40)) as [string, string];

interface Step extends Options {
  /** What its code stores, besides what JSON has. */
  readonly cart?: () => object;
  readonly price?: () => unknown;
  readonly tags?: () => Iterable<string>;
}

/** Each step is deployed when all processes run the one before it. */
const ROLLOUTS: Record<string, readonly [Step, Step, ...Step[]]> = {
  'from json to rich': [{}, { serializer: 'rich', cart: RICH_CART, price: () => 7n, tags: () => new Set(['a']) }],
  'from rich to json': [{ serializer: 'rich', cart: RICH_CART, price: () => 7n, tags: () => new Set(['a']) }, { serializer: 'rich' }, {}],
  'encryption, on and off': [
    {},
    { encryption: { keys: [keyA], readPlaintext: true, writePlaintext: true } },
    { encryption: { keys: [keyA], readPlaintext: true } },
    { encryption: { keys: [keyA] } },
  ],
  'another key': [
    { encryption: { keys: [keyA] } },
    { encryption: { keys: [keyA, keyB] } },
    { encryption: { keys: [keyB, keyA] } },
    { encryption: { keys: [keyB] } },
  ],
  'a codec for a class': [{}, { serializer: moneyCodec }, { serializer: moneyCodec, cart: MONEY_CART, price: () => new Money(5) }],
  'a codec for every value': [{}, { serializer: { encode: (value) => value, decode: reversed.decode } }, { serializer: reversed }],
  'from rich to a codec': [
    { serializer: 'rich', cart: RICH_CART },
    { serializer: moneyOnRich, cart: RICH_CART },
    { serializer: moneyOnRich, cart: RICH_CART, price: () => new Money(5) },
  ],
  'another secret': [{ secret: [secretA] }, { secret: [secretA, secretB] }, { secret: [secretB, secretA] }, { secret: [secretB] }],
};

describe.each(Object.entries(ROLLOUTS))('rolling out %s', (name, steps) => {
  const file = join(tmpdir(), `rolling-out-${name.replaceAll(' ', '-')}-${process.pid}.sqlite`);
  const pairs = steps.slice(1).map((step, n) => [n, steps[n]!, step] as const);
  const apps: StepApp[] = [];

  beforeAll(async () => {
    for (const { cart: _, price: __, tags: ___, ...options } of steps) apps.push(await StepApp.start(file, options));
  });
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  });

  it.each(
    pairs.flatMap(
      ([n, before, after]) =>
        [
          [n, n + 1, before],
          [n + 1, n, after],
        ] as const,
    ),
  )(
    'keeps every change while steps %i and %i run side by side',
    async (first, second, { cart = JSON_CART, price = () => 5, tags = () => ['a'] }) => {
      const [a, b] = [apps[first]!, apps[second]!];
      const client = { cookie: '' };
      await a.visit(client, (session) => void Object.assign(session, { cart: cart(), price: price(), tags: tags(), n: 1 }));
      // A write inside a value of the other's, and one beside it.
      await b.visit(client, (session) => void (session.cart.items.push('b'), (session.byB = true)));
      await a.visit(client, (session) => void (session.cart.items.push('a'), (session.byA = true)));
      // Both at once, on the same keys: each has loaded the session before the other changes it.
      const both = Promise.withResolvers<void>();
      let arrived = 0;
      const at = (app: StepApp, who: string) =>
        app.visit(client, async (session) => {
          if (++arrived === 2) both.resolve();
          await both.promise;
          if (session.tags instanceof Set) session.tags.add(who);
          else session.tags.push(who);
          session.n += 1;
          session[`race${who}`] = true;
        });
      await Promise.all([at(a, 'ra'), at(b, 'rb')]);
      for (const app of [a, b])
        await app.visit(client, (session) =>
          app.sessions.update(session, (draft: any) => void (draft.cart.items.push('update'), (draft.n += 1))),
        );
      await b.visit(client, (session) => void ((session.moved = session.price), delete session.price));
      const before = client.cookie;
      await b.visit(client, (_session, request) => b.sessions.regenerate(request, { keep: 'all' }));
      expect(client.cookie).not.toBe(before);
      const expected = {
        cart: { ...cart(), items: ['first', 'b', 'a', 'update', 'update'] },
        moved: price(),
        n: 5,
        byA: true,
        byB: true,
        racera: true,
        racerb: true,
      };
      for (const app of [b, a]) {
        const { tags: found, ...values } = await app.read(client);
        expect(values).toEqual(expected);
        expect(found instanceof Set).toBe(tags() instanceof Set);
        expect([...(found as Iterable<string>)].toSorted()).toEqual(['a', 'ra', 'rb']);
      }
    },
  );

  // Off goes the same steps back.
  const ways = name === 'encryption, on and off' ? ['forth', 'back'] : ['forth'];
  it.each(ways)('keeps a session through all steps, %s', async (way) => {
    const client = { cookie: '' };
    const [{ cart = JSON_CART, price = () => 5 }] = steps;
    const order = way === 'forth' ? apps : apps.toReversed();
    await order[0]!.visit(client, (session) => void Object.assign(session, { cart: cart(), price: price() }));
    const visits = order.slice(1).flatMap((app, n) => [order[n]!, app]);
    for (const [n, app] of visits.entries()) await app.visit(client, (session) => void session.cart.items.push(n));
    expect(await order.at(-1)!.read(client)).toEqual({ cart: { ...cart(), items: ['first', ...visits.keys()] }, price: price() });
  });
});
