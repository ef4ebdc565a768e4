import {
  Controller,
  Get,
  Injectable,
  Module,
  Param,
  Post,
  Req,
  Res,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { EntityManager, MikroORM } from '@mikro-orm/core';
import { Test } from '@nestjs/testing';
import type { Request, Response } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { LockSession, SessionService, SmartSessionModule, defineSessionEntity, type SmartSessionModuleOptions } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { DATABASES, connectionOptions } from '../support/databases.js';
import { protocolOf } from '../support/protocol-of.js';

type Live = Request['session'] & Record<string, unknown>;

const byCallback = (call: (callback: (error?: unknown) => void) => unknown) =>
  new Promise<void>((resolve, reject) => call((error) => (error ? reject(error as Error) : resolve())));

type Calls = Readonly<Record<string, (sessions: SessionService, request: Request) => Promise<unknown>>>;

/** The calls that take part in a transaction. */
const JOINING: Calls = {
  'update of the session': (sessions, { session }) => sessions.update(session, (draft) => void ((draft as Live).called = 1)),
  'update of another': (sessions, { sessionID }) => sessions.update(sessionID, (draft) => void ((draft as Live).called = 1)),
  commit: (sessions, { session }) => sessions.commit(Object.assign(session, { called: 1 })),
};

/** All else that an app can ask of sessions. */
const REFUSED: Calls = {
  load: (sessions, { sessionID }) => sessions.load(sessionID),
  replace: (sessions, { sessionID, session }) => protocolOf(sessions).stored.replace(sessionID, { ...session, called: 1 }),
  save: (_sessions, { session }) => byCallback((callback) => Object.assign(session, { called: 1 }).save(callback)),
  reload: (_sessions, { session }) => byCallback((callback) => session.reload(callback)),
  list: (sessions) => sessions.list({ userId: 'anna' }),
  count: (sessions) => sessions.count(),
  all: (sessions) => sessions.all(),
  prune: (sessions) => sessions.prune(),
  destroyOne: (sessions) => sessions.destroyOne({ userId: 'anna', handle: 'unknown' }),
  regenerate: (sessions, request) => sessions.regenerate(request),
  'regenerate and keep': (sessions, request) => sessions.regenerate(request, { keep: 'all' }),
  'regenerate by express-session': (_sessions, { session }) => byCallback((callback) => session.regenerate(callback)),
  destroy: (sessions) => sessions.destroy('unknown'),
  'destroy by express-session': (_sessions, { session }) => byCallback((callback) => session.destroy(callback)),
  destroyAll: (sessions) => sessions.destroyAll({ userId: 'anna' }),
  clear: (sessions) => sessions.clear(),
  lock: (sessions, { session }) => sessions.lock(session, 'x', () => undefined),
  once: (sessions, { session }) => sessions.once(session, 'x', { work: () => undefined }),
  transactional: (sessions, { session }) => sessions.transactional(session, () => undefined),
};

const CALLS: Calls = { ...JOINING, ...REFUSED };

@Controller()
class ShopController {
  constructor(
    private readonly sessions: SessionService,
    private readonly em: EntityManager,
  ) {}

  @Get('session') read(@Req() { session }: Request): unknown {
    return session;
  }
  @Post('set/:key') set(@Req() { session }: Request, @Param('key') key: string): void {
    Object.assign(session, { user: 'anna', [key]: 1 });
  }
  @Post('within/:call') async within(@Req() request: Request, @Param('call') call: string): Promise<object> {
    const failure = await this.em.transactional(() =>
      CALLS[call]!(this.sessions, request).then(
        () => undefined,
        (error: Error) => error,
      ),
    );
    return { name: failure?.name, message: failure?.message };
  }
  @Post('undone/:call') async undone(@Req() request: Request, @Param('call') call: string): Promise<void> {
    const undone = this.em.transactional(async () => {
      await CALLS[call]!(this.sessions, request);
      throw new RangeError('of the app');
    });
    await undone.catch(() => undefined);
    delete (request.session as Live).called;
  }
  @Post('within-others') async withinOthers(): Promise<object> {
    const count = () => this.sessions.count().catch((error: Error) => error.name);
    return { nested: await this.em.transactional((em) => em.transactional(count)), begun: await this.#begun(count) };
  }
  @Post('after/:call') async after(@Req() request: Request, @Param('call') call: string): Promise<void> {
    // What a transaction has begun and does not wait for goes on when it has ended.
    let begin!: () => void;
    const ended = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let called!: Promise<unknown>;
    await this.em.transactional(async () => void (called = ended.then(() => CALLS[call]!(this.sessions, request))));
    begin();
    await called;
  }
  @Post('answer-within') answerWithin(@Req() { session }: Request, @Res() response: Response): Promise<void> {
    return this.em.transactional(async () => {
      Object.assign(session, { answered: 1 });
      response.send({});
    });
  }
  @Post('lock') @LockSession() lock(): void {}

  async #begun<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.em.begin();
    try {
      return await work();
    } finally {
      await this.em.rollback();
    }
  }
}

/** A transaction of the app's around each handler. */
@Injectable()
class TransactionInterceptor implements NestInterceptor {
  constructor(private readonly em: EntityManager) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return from(this.em.transactional(() => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }
}

@Module({ providers: [{ provide: APP_INTERCEPTOR, useClass: TransactionInterceptor }] })
class TransactionModule {}

@Module({ controllers: [ShopController] })
class ShopModule {}

describe.each(DATABASES)("sessions and the app's own transactions, on %s", (database) => {
  const tableName = `transactions_${database}`;
  const options: SmartSessionModuleOptions = {
    secret: 'test',
    tableName,
    createTable: true,
    userId: 'user',
    timeout: 1000,
    pruneInterval: false,
  };
  let app: INestApplication;

  async function start(isWrapped: boolean): Promise<void> {
    // One connection: what asks for a second inside of a transaction waits for ever.
    const orm = MikroOrmModule.forRoot(
      connectionOptions(database, {
        entities: [defineSessionEntity({ tableName })],
        allowGlobalContext: false,
        pool: { min: 0, max: 1 },
      }) as never,
    );
    const imports = [orm, ...(isWrapped ? [TransactionModule] : []), SmartSessionModule.forRoot(options), ShopModule];
    app = (await Test.createTestingModule({ imports }).compile()).createNestApplication({ logger: false });
    await app.listen(0, '127.0.0.1');
  }

  afterEach(async () => {
    for (const name of [tableName, `${tableName}_leases`]) await app.get(MikroORM).schema.execute(`drop table if exists ${name}`);
    await app.close();
  });

  async function login(): Promise<Browser> {
    const browser = new Browser(app);
    expect((await browser.post('/set/a')).status).toBe(201);
    return browser;
  }

  it.each(Object.keys(JOINING))('let a %s take part', async (call) => {
    await start(false);
    const browser = await login();
    expect((await browser.post(`/undone/${call}`)).status).toBe(201);
    expect((await browser.get('/session')).body).not.toHaveProperty('called');
    expect((await browser.post(`/within/${call}`)).body).toEqual({});
    expect((await browser.get('/session')).body).toMatchObject({ a: 1, called: 1 });
  });

  it('refuses each other call inside of one at once, and does it when that has ended', async () => {
    await start(false);
    for (const call of Object.keys(REFUSED)) {
      const browser = await login();
      const { body } = await browser.post(`/within/${call}`);
      expect({ call, ...body }).toMatchObject({ call, name: 'SessionInTransactionError' });
      expect(body.message).toContain('inside a transaction');
      expect((await browser.get('/session')).body).toMatchObject({ a: 1 });
      expect((await browser.post(`/after/${call}`)).status).toBe(201);
    }
    expect((await (await login()).post('/within-others')).body).toEqual({
      nested: 'SessionInTransactionError',
      begun: 'SessionInTransactionError',
    });
  });

  it('stores what a handler changed that answers inside of one', async () => {
    await start(false);
    const browser = await login();
    expect((await browser.post('/answer-within')).status).toBe(201);
    expect((await browser.get('/session')).body).toMatchObject({ a: 1, answered: 1 });
  });

  it('commits after one that an interceptor holds around handler and commit, and refuses a lock there', async () => {
    await start(true);
    const browser = await login();
    expect((await browser.post('/set/b')).status).toBe(201);
    expect((await browser.get('/session')).body).toMatchObject({ a: 1, b: 1 });
    const locked = await browser.post('/lock');
    expect([locked.status, locked.body.message]).toEqual([500, 'Internal server error']);
  });
});
