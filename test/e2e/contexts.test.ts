import { once } from 'node:events';
import { Controller, Injectable, Logger, Module, Session, type INestApplicationContext } from '@nestjs/common';
import { ExternalContextCreator, NestFactory } from '@nestjs/core';
import { ClientProxyFactory, EventPattern, MessagePattern, Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { lastValueFrom } from 'rxjs';
import { DatabaseContext, LockSession, NoTouch, ReadOnlySession, SessionService, SmartSessionModule } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { freePort } from '../support/free-port.js';
import { protocolOf } from '../support/protocol-of.js';
import { sessionIdOf } from '../support/sessions-app.js';
import { startTestApp } from '../support/test-app.js';

interface Visit {
  readonly id: string;
}

type Draft = Record<string, any>;

/** Runs when an event arrives, which has no answer. */
let arrived: () => void = () => undefined;

/** Counts a visit in the session of an id. */
@Injectable()
class Visits {
  constructor(private readonly sessions: SessionService) {}

  count({ id }: Visit): Promise<number> {
    return this.sessions.update(id, (draft: Draft) => (draft.visits = (draft.visits ?? 0) + 1));
  }
}

/** Messages of a microservice. */
@Controller()
class MessagesController {
  constructor(private readonly visits: Visits) {}

  @MessagePattern('visit') visit(visit: Visit): Promise<number> {
    return this.visits.count(visit);
  }
  @MessagePattern('marked') @NoTouch() @ReadOnlySession() marked(visit: Visit): Promise<number> {
    return this.visits.count(visit);
  }
  @MessagePattern('locked') @LockSession() locked(visit: Visit): Promise<number> {
    return this.visits.count(visit);
  }
  @MessagePattern('session') session(_visit: Visit, @Session() session: unknown): object {
    return { session };
  }
  @EventPattern('visited') async visited(visit: Visit): Promise<void> {
    await this.visits.count(visit);
    arrived();
  }
}

/** Messages of WebSockets. */
@WebSocketGateway({ path: '/messages' })
class MessagesGateway {
  constructor(private readonly visits: Visits) {}

  @SubscribeMessage('visit') async visit(_client: unknown, visit: Visit): Promise<object> {
    return { event: 'visit', data: await this.visits.count(visit) };
  }
  @SubscribeMessage('marked') @NoTouch() @ReadOnlySession() marked(_client: unknown, visit: Visit): Promise<object> {
    return this.visit(_client, visit);
  }
  @SubscribeMessage('locked') @LockSession() locked(_client: unknown, visit: Visit): Promise<object> {
    return this.visit(_client, visit);
  }
}

/** Handlers that a package calls by Nest's ExternalContextCreator, such as the commands of a bot. */
@Injectable()
class Commands {
  constructor(private readonly visits: Visits) {}

  visit(...given: unknown[]): Promise<number> {
    return this.visits.count(given.at(-1) as Visit);
  }
  @NoTouch() @ReadOnlySession() marked(...given: unknown[]): Promise<number> {
    return this.visit(...given);
  }
  @LockSession() locked(...given: unknown[]): Promise<number> {
    return this.visit(...given);
  }
}

@Module({ providers: [Visits, Commands], exports: [Commands], controllers: [MessagesController] })
class MessagesModule {}

@Module({ imports: [MessagesModule], providers: [Visits, MessagesGateway] })
class GatewayModule {}

const SESSIONS = SmartSessionModule.forRoot('sqlite', {
  connection: { dbName: ':memory:' },
  createTable: true,
  secret: 'test',
  pruneInterval: false,
});

@Module({ imports: [SESSIONS, MessagesModule] })
class AppWithoutHttp {}

const serverOn = (port: number) => ({ transport: Transport.TCP, options: { host: '127.0.0.1', port } }) as const;

/** Messages work by session id. A lock is refused where this module's interceptor applies. */
async function expectMessages(port: number, sessions: SessionService, id: string, refusesLock: boolean): Promise<void> {
  const client = ClientProxyFactory.create(serverOn(port));
  const answer = (pattern: string) => lastValueFrom(client.send<unknown>(pattern, { id })).catch((error: unknown) => error);
  expect([await answer('visit'), await answer('marked')]).toEqual([1, 2]);
  expect(await answer('session')).toEqual({ session: null });
  const arrives = new Promise<void>((resolve) => (arrived = resolve));
  await lastValueFrom(client.emit('visited', { id }), { defaultValue: undefined });
  await arrives;
  expect(await answer('locked')).toEqual(refusesLock ? { status: 'error', message: 'Internal server error' } : 4);
  expect(await sessions.load(id)).toMatchObject({ visits: refusesLock ? 3 : 4 });
  client.close();
}

/** Calls a handler as a package does. */
function call(app: INestApplicationContext, method: keyof Commands & string, type: string | undefined, given: unknown[]): Promise<unknown> {
  const commands = app.get(Commands, { strict: false });
  const create = app.get(ExternalContextCreator).create as (...given: unknown[]) => (...given: unknown[]) => Promise<unknown>;
  const rest = [undefined, undefined, undefined, undefined, undefined, type];
  return create.call(app.get(ExternalContextCreator), commands, commands[method], method, ...rest)(...given);
}

/** Calls of other packages work by session id, whatever they pass, and a lock is refused. */
async function expectCalls(app: INestApplicationContext, id: string): Promise<void> {
  const { visits: before = 0 } = (await app.get(SessionService, { strict: false }).load(id)) as Draft;
  let visits: number = before;
  // Without a type, Nest calls a handler as one of HTTP.
  for (const type of [undefined, 'discord', 'graphql'])
    for (const given of [[{ id }], [undefined, { id }], [null, { id }], ['text', { id }], [Object.create(null), { id }]]) {
      expect(await call(app, 'visit', type, given)).toBe(++visits);
      expect(await call(app, 'marked', type, given)).toBe(++visits);
    }
  await expect(call(app, 'locked', 'discord', [{ id }])).rejects.toThrow(
    '@LockSession() cannot lock a session for Commands.locked: the call (of type discord) has no request with a session.',
  );
}

beforeAll(() => Logger.overrideLogger(false));

describe('an app without HTTP', () => {
  const id = 'an id';
  let sessions: SessionService;

  /** Closes the app, and expects that its connections are closed. */
  async function end(app: INestApplicationContext): Promise<void> {
    const { orm } = app.get(DatabaseContext, { strict: false });
    await app.close();
    expect(await orm!.isConnected()).toBe(false);
  }

  async function begin(app: INestApplicationContext): Promise<void> {
    sessions = app.get(SessionService, { strict: false });
    await protocolOf(sessions).stored.replace(id, { a: 1 });
  }

  it('a microservice by NestFactory.createMicroservice works by session id', async () => {
    const port = await freePort();
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(AppWithoutHttp, { ...serverOn(port), logger: false });
    await app.listen();
    await begin(app);
    await expectMessages(port, sessions, id, true);
    await expectCalls(app, id);
    await end(app);
  });

  it('a job by NestFactory.createApplicationContext works by session id', async () => {
    const app = await NestFactory.createApplicationContext(AppWithoutHttp, { logger: false });
    await begin(app);
    await expectCalls(app, id);
    await sessions.destroy(id);
    expect([await sessions.count(), await sessions.prune()]).toEqual([0, 0]);
    await end(app);
  });
});

describe('an app with HTTP', () => {
  it.each([true, false])(
    'works by session id in messages of a microservice beside it, with inheritAppConfig: %s',
    async (inheritAppConfig) => {
      const port = await freePort();
      const app = await startTestApp('sqlite', {
        imports: [MessagesModule],
        prepare: (nest) => void nest.connectMicroservice<MicroserviceOptions>(serverOn(port), { inheritAppConfig }),
      });
      await app.startAllMicroservices();
      const browser = new Browser(app);
      await browser.post('/set', { a: 1 });
      // The interceptor of a module applies to messages only with `inheritAppConfig`.
      await expectMessages(port, app.get(SessionService), sessionIdOf(browser), inheritAppConfig);
      expect(await browser.session()).toMatchObject({ a: 1 });
      await app.close();
    },
  );

  it('works by session id in messages of a WebSocket', async () => {
    const app = await startTestApp('sqlite', {
      imports: [GatewayModule],
      prepare: (nest) => void nest.useWebSocketAdapter(new WsAdapter(nest)),
    });
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    const data = { id: sessionIdOf(browser) };
    const socket = new WebSocket(`${(await app.getUrl()).replace('http', 'ws')}/messages`);
    await once(socket, 'open');
    const answers: unknown[] = [];
    for (const event of ['visit', 'marked', 'locked']) {
      socket.send(JSON.stringify({ event, data }));
      const [message] = (await once(socket, 'message')) as [MessageEvent<string>];
      answers.push(JSON.parse(message.data));
    }
    expect(answers).toEqual([
      { event: 'visit', data: 1 },
      { event: 'visit', data: 2 },
      { event: 'exception', data: expect.objectContaining({ status: 'error', message: 'Internal server error' }) },
    ]);
    socket.close();
    await app.close();
  });

  it('works by session id in calls of other packages', async () => {
    const app = await startTestApp('sqlite', { imports: [MessagesModule] });
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    await expectCalls(app, sessionIdOf(browser));
    await app.close();
  });
});
