import { MikroOrmModule } from '@mikro-orm/nestjs';
import { EntityManager } from '@mikro-orm/core';
import { Controller, Module, Param, Post, Req, type INestApplication } from '@nestjs/common';
import type { Request } from 'express';
import supertest from 'supertest';
import { DatabaseContext, LockSession, SessionService, SmartSessionModule } from '../../src/index.js';
import { ONE_PER_SERVER, connectionOptions } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { startTestApp } from '../support/test-app.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

interface Login {
  readonly sessions: SessionService;
  readonly em: EntityManager;
  readonly request: Request;
  /** Called last in each transaction: throws to roll it back. */
  readonly end: () => void;
}

type Logins = Readonly<Record<string, (login: Login) => Promise<unknown>>>;

const logIn = (values: object) => void Object.assign(values, { user: 'anna' });

/** Logins inside of a transaction. */
const IN_TRANSACTIONS: Logins = {
  'commit in em.transactional': ({ sessions, em, request, end }) =>
    em.transactional(async () => {
      logIn(request.session);
      await sessions.commit(request.session);
      end();
    }),
  'update in em.transactional': ({ sessions, em, request, end }) =>
    em.transactional(async () => {
      await sessions.update(request.session, logIn);
      end();
    }),
  'update with em': ({ sessions, em, request, end }) =>
    em.transactional(async (own) => {
      await sessions.update(request.session, logIn, { em: own });
      end();
    }),
  'sessions.transactional': ({ sessions, request, end }) =>
    sessions.transactional(request.session, (_em, draft) => {
      logIn(draft);
      end();
    }),
};

/** Other logins. */
const OTHERS: Logins = {
  once: ({ sessions, request }) => sessions.once(request.session, 'login', { work: logIn }),
  lock: ({ sessions, request }) => sessions.lock(request.session, 'login', logIn),
  'commit in the handler': async ({ sessions, request }) => {
    logIn(request.session);
    await sessions.commit(request.session);
  },
  'regenerate with keep': async ({ sessions, request }) => {
    await sessions.regenerate(request, { keep: 'all' });
    logIn(request.session);
  },
};

@Controller()
class LoginController {
  constructor(
    private readonly sessions: SessionService,
    private readonly em: EntityManager,
  ) {}

  @Post('visit') visit(@Req() { session }: Request): void {
    Object.assign(session, { cart: 1 });
  }
  @Post('login/:way') async login(@Req() request: Request, @Param('way') way: string): Promise<void> {
    await { ...IN_TRANSACTIONS, ...OTHERS }[way]!({ sessions: this.sessions, em: this.em, request, end: () => {} });
  }
  @Post('undone/:way') async undone(@Req() request: Request, @Param('way') way: string): Promise<void> {
    const end = () => {
      throw new RangeError('of the app');
    };
    await IN_TRANSACTIONS[way]!({ sessions: this.sessions, em: this.em, request, end }).catch(() => undefined);
    delete (request.session as { user?: string }).user;
  }
  @Post('locked') @LockSession() locked(@Req() { session }: Request): void {
    logIn(session);
  }
}

@Module({ controllers: [LoginController] })
class LoginModule {}

describe.each(ONE_PER_SERVER)('the device of a login on %s', (database) => {
  const tableName = `device_logins_${database}`;
  let app: INestApplication;

  beforeAll(async () => {
    app = await startTestApp(database, {
      imports: [MikroOrmModule.forRoot(connectionOptions(database) as never), LoginModule],
      module: SmartSessionModule.forRoot(database, { secret: 'test', tableName, createTable: true, userId: 'user', devices: true }),
    });
  });
  beforeEach(() => app.get(SessionService).clear());
  afterAll(async () => {
    const { runner } = app.get(DatabaseContext, { strict: false });
    await dropTables(database, runner.run, tableName);
    await app.close();
  });

  const post = async (path: string, cookie = '') => {
    const answer = await supertest(app.getHttpServer()).post(path).set({ Cookie: cookie, 'User-Agent': FIREFOX });
    expect(answer.status).toBe(201);
    return (answer.get('Set-Cookie')?.[0] ?? cookie).split(';')[0]!;
  };
  const listed = async () => (await app.get(SessionService).list({ userId: 'anna' })).map(({ userAgent }) => userAgent);
  const stored = async () => {
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    return (await runner.run(`select user_id, user_agent from ${dialect.quote(tableName)}`)).rows;
  };

  describe.each(['a visitor', 'a browser without a session'])('of %s', (visitor) => {
    const visit = () => (visitor === 'a visitor' ? post('/visit') : '');

    it.each(['/locked', ...Object.keys({ ...IN_TRANSACTIONS, ...OTHERS }).map((way) => `/login/${way}`)])('is stored: %s', async (path) => {
      const cookie = await visit();
      await post(path, cookie);
      expect(await listed()).toEqual([FIREFOX]);
    });

    it.each(Object.keys(IN_TRANSACTIONS))('is not stored if the transaction is rolled back: %s', async (way) => {
      const cookie = await visit();
      await post(`/undone/${way}`, cookie);
      expect(await listed()).toEqual([]);
      expect(await stored()).toEqual(cookie === '' ? [] : [{ user_id: null, user_agent: null }]);
    });
  });
});
