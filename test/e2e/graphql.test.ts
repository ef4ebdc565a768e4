import { EventEmitter, on, once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { BadRequestException, Logger, Module, createParamDecorator, type ExecutionContext, type INestApplication } from '@nestjs/common';
import {
  Args,
  Context,
  Field,
  GqlExecutionContext,
  GraphQLModule,
  Int,
  Mutation,
  ObjectType,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import type { Request } from 'express';
import { createClient, type Client } from 'graphql-ws';
import { LockSession, NoTouch, ReadOnlySession, SessionService, type SessionSocket } from '../../src/index.js';
import { mercuriusOptions } from '../support/mercurius-options.js';
import { Browser } from '../support/browser.js';
import { FaultyRepository } from '../support/faulty-repository.js';
import { IS_EXPRESS } from '../support/platform.js';
import { SessionsApp, sessionIdOf } from '../support/sessions-app.js';

type Live = Request['session'] & Record<string, any>;

/** The session of a resolver's request. */
const GqlSession = createParamDecorator((_: unknown, context: ExecutionContext) => {
  return GqlExecutionContext.create(context).getContext<{ req: { session: Live } }>().req.session;
});

/** Resolves when so many calls have come. */
function meeting(size: number): () => Promise<void> {
  let meet = () => {};
  const met = new Promise<void>((resolve) => (meet = resolve));
  let missing = size;
  return () => {
    if (--missing === 0) meet();
    return met;
  };
}

let meet: () => Promise<void> = async () => undefined;
/** The events that a subscription counts. */
const ticks = new EventEmitter();

/** Where the drivers put the request of a WebSocket: Apollo in `extra`. */
type Handshake = IncomingMessage & { readonly extra?: { readonly request: IncomingMessage } };

@ObjectType()
class Item {
  @Field(() => Int) id = 1;
}

/** Each field of an item has a resolver, which guards and interceptors see too. */
@Resolver(() => Item)
class ItemResolver {
  @Query(() => Item) @NoTouch() item(): Item {
    return new Item();
  }
  @ResolveField(() => Int) price(): number {
    return 1;
  }
}

@Resolver()
class SessionResolver {
  constructor(private readonly sessions: SessionService) {}

  @Query(() => Int, { nullable: true }) value(@GqlSession() session: Live, @Args('key') key: string): number | undefined {
    return session[key];
  }
  @Query(() => Int) async visit(@GqlSession() session: Live, @Args('key') key: string): Promise<number> {
    session[key] = 1;
    await meet();
    return (session[`${key}Met`] = 1);
  }
  @Query(() => Int) @LockSession() countLocked(@GqlSession() session: Live): Promise<number> {
    return this.add(session);
  }
  @Query(() => Int) @NoTouch() unread(): number {
    return 0;
  }
  @Query(() => Int) @ReadOnlySession() careless(@GqlSession() session: Live): number {
    return (session.careless = 1);
  }

  @Mutation(() => Int) async add(@GqlSession() session: Live): Promise<number> {
    const n = session.n ?? 0;
    await sleep(1);
    return (session.n = n + 1);
  }
  /** Nest's number of `@Context()` is that of `@Res()` in a controller. */
  @Mutation(() => Int) addInContext(@Context('req') { session }: { session: Live }): Promise<number> {
    return this.add(session);
  }
  @Mutation(() => Int) @LockSession() addLocked(@GqlSession() session: Live): Promise<number> {
    return this.add(session);
  }
  @Mutation(() => Int) addByUpdate(@GqlSession() session: Live): Promise<number> {
    return this.sessions.update(session, (draft: Record<string, any>) => (draft.n = (draft.n ?? 0) + 1));
  }
  @Subscription(() => Int, {
    nullable: true,
    resolve(this: SessionResolver, _tick: unknown, _args: unknown, { req }: { req: Handshake }) {
      return this.countIn(req);
    },
  })
  counted(): AsyncIterable<unknown> {
    return on(ticks, 'tick');
  }
  countIn(req: Handshake): Promise<number | null> {
    const id = this.sessions.idOf(req.extra?.request ?? req)!;
    return this.sessions.update(id, (draft: Record<string, any>) => (draft.n = (draft.n ?? 0) + 1)).catch(() => null);
  }
  @Mutation(() => Int, { nullable: true }) fail(@GqlSession() session: Live): number {
    session.failed = 1;
    throw new BadRequestException('as the client asked');
  }
  @Mutation(() => Int, { nullable: true }) @LockSession() failLocked(@GqlSession() session: Live): number {
    return this.fail(session);
  }
  @Mutation(() => Int) unstorable(@GqlSession() session: Live): number {
    session.big = 1n;
    return 1;
  }
  @Mutation(() => Int) @LockSession({ maxWaiting: 0 }) async hold(): Promise<number> {
    await meet();
    return 1;
  }
  @Mutation(() => Int) updateElsewhere(): Promise<number> {
    return this.sessions.update('an unknown id', () => 1);
  }
  @Mutation(() => Int, { nullable: true }) @LockSession() unstorableLocked(@GqlSession() session: Live): number {
    return this.unstorable(session);
  }
  @Mutation(() => Int) async login(@Context('req') request: Request): Promise<number> {
    await this.sessions.regenerate(request);
    (request.session as Live).user = 1;
    return 1;
  }
}

@Module({ providers: [SessionResolver, ItemResolver] })
class ResolversModule {}

const APOLLO = GraphQLModule.forRoot<ApolloDriverConfig>({
  driver: ApolloDriver,
  autoSchemaFile: true,
  graphiql: false,
  fieldResolverEnhancers: ['guards', 'interceptors'],
  subscriptions: { 'graphql-ws': true },
});
const MERCURIUS = GraphQLModule.forRoot<MercuriusDriverConfig>({
  driver: MercuriusDriver,
  autoSchemaFile: true,
  fieldResolverEnhancers: ['guards', 'interceptors'],
  subscription: { fullWsTransport: true, context: (_socket, req) => ({ req }) as never },
});
const DRIVERS = IS_EXPRESS ? [['Apollo', APOLLO] as const] : [['Apollo', APOLLO] as const, ['Mercurius', MERCURIUS] as const];

describe.each(DRIVERS)('resolvers of %s', (driver, graphql) => {
  let app: SessionsApp;
  let nest: INestApplication;
  let browser: Browser;

  beforeAll(async () => {
    const tableName = `graphql_${driver.toLowerCase()}`;
    app = await SessionsApp.start(
      'sqlite',
      { tableName, repository: FaultyRepository, ttl: 60_000 },
      { imports: [graphql, ResolversModule] },
    );
    nest = app.app;
  });
  beforeEach(async () => {
    browser = await app.browser();
    meet = async () => undefined;
  });
  afterAll(() => app.close());

  const ask = async (query: string, by = browser) => {
    const { status, body, headers } = await by.post('/graphql', { query });
    return { status, data: body.data, errors: body.errors as { message: string; path: string[] }[] | undefined, body, headers };
  };
  /** A client of graphql-ws with the cookie of the browser. */
  async function connect(): Promise<Client> {
    const { cookie } = browser;
    class WithCookie extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, { protocols, headers: { cookie } } as never);
      }
    }
    return createClient({ url: `${(await nest.getUrl()).replace('http', 'ws')}/graphql`, webSocketImpl: WithCookie });
  }

  const statements = async (query: string) => {
    const { calls } = app.context && (nest.get(SessionService)['repository'] as unknown as { repository: FaultyRepository }).repository;
    const before = calls.length;
    await ask(query);
    return calls.slice(before);
  };

  it('get the session, and change it in series in the mutations of one request, with one commit', async () => {
    const { data } = await ask('mutation { a: add b: add c: add }');
    expect(data).toEqual({ a: 1, b: 2, c: 3 });
    expect(await browser.session()).toEqual({ a: 1, n: 3 });
    expect(await statements('mutation { a: add b: add c: add }')).toEqual(['load', 'update']);
  });

  it('start a session', async () => {
    const stranger = new Browser(nest);
    await ask('mutation { add }', stranger);
    expect(await stranger.session()).toEqual({ n: 1 });
  });

  it('change it in parallel in the fields of one query, and none is stored alone', async () => {
    meet = meeting(2);
    expect((await ask('{ one: visit(key: "one") two: visit(key: "two") }')).data).toEqual({ one: 1, two: 1 });
    expect(await browser.session()).toEqual({ a: 1, one: 1, oneMet: 1, two: 1, twoMet: 1 });
  });

  it('lose no change of requests that run at once', async () => {
    meet = meeting(10);
    await Promise.all(Array.from({ length: 10 }, (_, n) => ask(`{ visit(key: "key${n}") }`)));
    expect(Object.keys(await browser.session())).toHaveLength(21);
  });

  it('keep what was changed before an error, which is answered with 200', async () => {
    const { status, errors } = await ask('mutation { add fail after: add }');
    expect([status, errors?.map(({ path }) => path)]).toEqual([200, [['fail']]]);
    expect(await browser.session()).toEqual({ a: 1, n: 2, failed: 1 });
  });

  it('are answered with an error and no cookie if the commit fails', async () => {
    const stranger = new Browser(nest);
    const { status, body } = await ask('mutation { add unstorable }', stranger);
    expect([status, body, stranger.cookie]).toEqual([500, { statusCode: 500, message: 'Internal server error' }, '']);
    expect((await ask('mutation { add unstorable }')).status).toBe(500);
    expect(await browser.session()).toEqual({ a: 1 });
  });

  it('start a new session at login', async () => {
    const { cookie } = browser;
    await ask('mutation { login }');
    expect(browser.cookie).not.toBe(cookie);
    expect(await browser.session()).toEqual({ user: 1 });
  });

  it('run one after the other under @LockSession()', async () => {
    await Promise.all(Array.from({ length: 10 }, () => ask('mutation { a: addLocked b: addLocked }')));
    expect(await browser.session()).toEqual({ a: 1, n: 20 });
  });

  it('take the lock in turn if one request asks for it several times, also before it has a session', async () => {
    expect((await ask('{ one: countLocked two: countLocked three: countLocked }')).data).toEqual({ one: 1, two: 2, three: 3 });
    expect(await browser.session()).toEqual({ a: 1, n: 3 });
    const stranger = new Browser(nest);
    await ask('mutation { one: addLocked two: addLocked }', stranger);
    expect(await stranger.session()).toEqual({ n: 2 });
  });

  it('are answered with an error if a commit under the lock fails', async () => {
    const { status, body } = await ask('mutation { add unstorableLocked last: add }');
    expect([status, body]).toEqual([500, { statusCode: 500, message: 'Internal server error' }]);
    expect(await browser.session()).toEqual({ a: 1 });
  });

  it('let other resolvers of the request change the session after an error under @LockSession()', async () => {
    const { status, errors } = await ask('mutation { addLocked again: addLocked failLocked last: add }');
    expect([status, errors?.map(({ path }) => path)]).toEqual([200, [['failLocked']]]);
    expect(await browser.session()).toEqual({ a: 1, n: 3, failed: 1 });
  });

  it('are refused a lock by an entry among the errors, with a general text', async () => {
    let begin = () => {};
    let end = () => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const ended = new Promise<void>((resolve) => (end = resolve));
    meet = () => (begin(), ended);
    const holding = ask('mutation { hold }');
    await begun;
    const { status, errors } = await ask('mutation { hold }');
    end();
    expect((await holding).data).toEqual({ hold: 1 });
    expect([status, errors]).toMatchObject([200, [{ message: 'Session locked', path: ['hold'], extensions: { status: 423 } }]]);
  });

  it('answer an error of the sessions with a general text, and log its message', async () => {
    const lines: string[] = [];
    Logger.overrideLogger({ log() {}, warn() {}, error: (line: string) => lines.push(line) });
    const { errors } = await ask('mutation { updateElsewhere }');
    Logger.overrideLogger(false);
    expect(errors).toMatchObject([{ message: 'Session ended', extensions: { status: 409 } }]);
    expect(JSON.stringify(errors)).not.toContain('Could not update');
    expect(lines).toEqual([expect.stringMatching(/^SessionResolver\.updateElsewhere: Could not update session [0-9a-f]{8}…: /)]);
  });

  it('load and update the session in a subscription, which outlives the session', async () => {
    const client = await connect();
    const counts = client.iterate<{ counted: number | null }>({ query: 'subscription { counted }' });
    const count = async () => {
      const counted = counts.next();
      while (ticks.listenerCount('tick') === 0) await nextTurn();
      ticks.emit('tick');
      return (await counted).value.data.counted;
    };
    expect(await count()).toBe(1);
    await ask('mutation { add }');
    expect(await count()).toBe(3);
    await app.sessions.destroy(sessionIdOf(browser));
    expect(await count()).toBe(null);
    await client.dispose();
  });

  it.each([
    ['mutation { add addInContext }', { add: 1, addInContext: 2 }, { a: 1, n: 2 }],
    ['mutation { addLocked }', { addLocked: 1 }, { a: 1, n: 1 }],
    ['{ value(key: "a") }', { value: 1 }, { a: 1 }],
  ])('lose no change over a WebSocket: %s', async (query, data, stored) => {
    const client = await connect();
    const { value } = await client.iterate({ query }).next();
    await client.dispose();
    // Mercurius passes the request of the handshake on, and Apollo an object without a session.
    if (driver === 'Mercurius') expect(value).toEqual({ data });
    else expect(value.errors).toHaveLength(1);
    expect(await browser.session()).toEqual(driver === 'Mercurius' ? stored : { a: 1 });
  });

  it('extend the session, unless each of them is under @NoTouch()', async () => {
    const expiry = async () => (await app.run('select expires_at from {table}')).map(({ expires_at }) => expires_at);
    await app.age(30_000);
    const before = await expiry();
    await ask('{ one: unread two: unread item { price } }');
    expect(await expiry()).toEqual(before);
    await ask('{ one: unread value(key: "a") two: unread }');
    expect(await expiry()).not.toEqual(before);
  });

  it('may not change the session if each of them is under @ReadOnlySession()', async () => {
    expect((await ask('{ careless again: careless }')).status).toBe(500);
    expect(await browser.session()).toEqual({ a: 1 });
    expect((await ask('{ careless visit(key: "one") }')).status).toBe(200);
    expect(await browser.session()).toMatchObject({ careless: 1, one: 1 });
  });
});

/** Makes the context of a socket of Mercurius. */
type SubscriptionContext = (socket: SessionSocket, request: { readonly raw: IncomingMessage }) => object;

@Resolver()
class TicksResolver {
  constructor(private readonly sessions: SessionService) {}

  @Query(() => Int) one(): number {
    return 1;
  }
  @Subscription(() => Int, { resolve: ([n]: [number]) => n })
  ticked(): AsyncIterable<unknown> {
    return on(ticks, 'tick');
  }
  @Subscription(() => Int, { resolve: ([n]: [number]) => n })
  tickedWhileLive(@Context('sessionId') sessionId: string): AsyncIterable<unknown> {
    return this.sessions.whileLive(sessionId, on(ticks, 'tick'));
  }
}

@Module({ providers: [TicksResolver] })
class TicksModule {}

describe.skipIf(IS_EXPRESS)('sockets of Mercurius that are bound to sessions', () => {
  let app: SessionsApp;
  const clients: Client[] = [];
  /** Whether the sockets are bound. */
  let isBinding = true;

  beforeAll(async () => {
    const graphql = GraphQLModule.forRootAsync<MercuriusDriverConfig>({
      driver: MercuriusDriver,
      inject: [SessionService],
      useFactory: (sessions: SessionService) => {
        const options = mercuriusOptions(sessions);
        const { context: bind } = options.subscription as { context: SubscriptionContext };
        const context: SubscriptionContext = (socket, request) =>
          isBinding ? bind(socket, request) : { sessionId: sessions.idOf(request.raw) };
        return { ...options, subscription: { context: context as never } };
      },
    });
    const feed = { interval: 50, grace: 5000, maxWatches: 2 };
    app = await SessionsApp.start('sqlite', { tableName: 'graphql_bound', feed }, { imports: [graphql, TicksModule] });
  });
  beforeEach(() => void (isBinding = true));
  afterEach(() => Promise.all(clients.splice(0).map((client) => client.dispose())));
  afterAll(() => app.close());

  const url = async () => `${(await app.app.getUrl()).replace('http', 'ws')}/graphql`;

  async function subscribe(name: 'ticked' | 'tickedWhileLive', { cookie }: Pick<Browser, 'cookie'>) {
    class WithCookie extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, { protocols, headers: { cookie } } as never);
      }
    }
    const closed = Promise.withResolvers<unknown>();
    const client = createClient({
      url: await url(),
      webSocketImpl: WithCookie,
      retryAttempts: 0,
      on: { closed: (event) => closed.resolve(event) },
    });
    clients.push(client);
    return { values: client.iterate<Record<string, number>>({ query: `subscription { ${name} }` }), closed: closed.promise };
  }

  /** Emits a tick when a subscription listens, and returns the value that it sends. */
  async function tick(values: AsyncIterableIterator<{ data?: Record<string, number> | null }>): Promise<unknown> {
    const next = values.next();
    await vi.waitFor(() => expect(ticks.listenerCount('tick')).toBe(1));
    ticks.emit('tick', 7);
    return Object.values((await next).value.data)[0];
  }

  it('are closed when the session ends, with their subscriptions', async () => {
    const browser = await app.browser();
    const { values, closed } = await subscribe('ticked', browser);
    expect(await tick(values)).toBe(7);
    await browser.delete('/session');
    expect(await closed).toMatchObject({ code: 4401, reason: 'session ended' });
    await vi.waitFor(() => expect(ticks.listenerCount('tick')).toBe(0));
  });

  it('are refused without a session', async () => {
    const { values, closed } = await subscribe('ticked', { cookie: '' });
    await expect(values.next()).rejects.toMatchObject({ code: 4401 });
    expect(await closed).toMatchObject({ code: 4401, reason: 'no session' });
  });

  it('have one watch each, also if a client begins the protocol again and again', async () => {
    const browser = await app.browser();
    const socket = new WebSocket(await url(), { protocols: ['graphql-transport-ws'], headers: { cookie: browser.cookie } } as never);
    await once(socket, 'open');
    const acknowledged = new Set<number>();
    const all = new Promise<void>((resolve) => {
      socket.addEventListener('message', () => acknowledged.add(acknowledged.size).size === 5 && resolve());
    });
    const closed = once(socket, 'close');
    for (let n = 0; n < 5; n++) socket.send(JSON.stringify({ type: 'connection_init' }));
    await all;
    await browser.delete('/session');
    const [{ code, reason }] = await closed;
    expect({ code, reason }).toEqual({ code: 4401, reason: 'session ended' });
  });

  it('stay open if they are not bound, and whileLive completes a subscription', async () => {
    isBinding = false;
    const browser = await app.browser();
    const { values } = await subscribe('tickedWhileLive', browser);
    expect(await tick(values)).toBe(7);
    const last = values.next();
    await browser.delete('/session');
    expect(await last).toMatchObject({ done: true });
    expect(ticks.listenerCount('tick')).toBe(0);
  });
});
