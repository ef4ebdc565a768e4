import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger, Module, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import session, { type Store } from 'express-session';
import { DatabaseContext, SessionService } from 'nestjs-smart-session';
import { Browser } from '../../test/support/browser.js';
import { DATABASES } from '../../test/support/databases.js';
import { startRecipe } from '../../test/support/recipe.js';
import { describeEach } from '../../test/support/describe-each.js';
import { MYSQL, POSTGRESQL } from '../../test/support/servers.js';
import { ShopController } from './shop.controller.js';

const directory = mkdtempSync(join(tmpdir(), 'recipe-'));
afterAll(() => rmSync(directory, { recursive: true }));

const urlOf = (scheme: string, { host, port, user, password, dbName }: typeof POSTGRESQL) =>
  `${scheme}://${user}:${password}@${host}:${port}/${dbName}`;

@Module({ controllers: [ShopController] })
class ShopModule {}

/** The app before the migration. */
interface Before {
  readonly app: INestApplication;
  close(): Promise<void>;
}

type PreviousStore = Store & { onReady?(): Promise<void>; ready?: Promise<unknown>; onApplicationShutdown(): Promise<void> };

async function startBefore({ PreviousStore: OwnStore }: { PreviousStore: new () => PreviousStore }): Promise<Before> {
  const app = await NestFactory.create(ShopModule);
  const store = new OwnStore();
  // Its table exists now.
  await store.onReady?.();
  await store.ready;
  app.use(session({ store, secret: process.env.SESSION_SECRET!, resave: false, saveUninitialized: false, cookie: { maxAge: 1_000_000 } }));
  await app.listen(0);
  return { app, close: () => app.close().then(() => store.onApplicationShutdown()) };
}

async function startPgSimple(): Promise<Before> {
  const { app, store } = await import('./before.js');
  return { app, close: async () => (await app.close(), store.close()) };
}

async function startAfter({ AppModule }: { AppModule: Type }): Promise<{ app: INestApplication }> {
  const app = await NestFactory.create(AppModule);
  await app.listen(0);
  return { app };
}

/** Each store: its database, its table, and the app before and after. */
const MIGRATIONS = [
  {
    name: 'connect-pg-simple',
    database: 'postgresql',
    table: 'session',
    env: { DATABASE_URL: urlOf('postgres', POSTGRESQL) },
    before: startPgSimple,
    after: () => import('./main.js'),
  },
  {
    name: 'express-mysql-session',
    database: 'mysql',
    table: 'sessions',
    env: { DATABASE_URL: urlOf('mysql', MYSQL) },
    before: async () => startBefore(await import('./express-mysql-session/previous-store.js')),
    after: async () => startAfter(await import('./express-mysql-session/app.module.js')),
  },
  {
    name: 'connect-session-knex',
    database: 'sqlite',
    table: 'sessions',
    env: { SQLITE_FILE: join(directory, 'shop.sqlite') },
    before: async () => startBefore(await import('./connect-session-knex/previous-store.js')),
    after: async () => startAfter(await import('./connect-session-knex/app.module.js')),
  },
] as const;

describeEach(MIGRATIONS.filter(({ database }) => DATABASES.includes(database)))('migrating from $name', ({ table, env, before, after }) => {
  let app: INestApplication;
  /** The cookies of the users who logged in before. */
  let cookies: string[];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    let earlier!: Before;
    await startRecipe(async () => (earlier = await before()), env);
    cookies = [];
    for (const user of ['anna', 'bert', 'cleo']) {
      const browser = new Browser(earlier.app);
      await browser.post('/login', { user });
      await browser.post('/wishlist', { sku: 'tea' });
      cookies.push(browser.cookie);
    }
    await earlier.close();
    app = await startRecipe(after, env);
  });
  afterAll(async () => {
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    for (const name of [table, 'web_sessions', 'web_sessions_leases']) await runner.run(`drop table if exists ${dialect.quote(name)}`);
    await app.close();
  });

  const visitor = (n: number) => Object.assign(new Browser(app), { cookie: cookies[n]! });
  const rowsIn = async (name: string) => {
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    return Number((await runner.run(`select count(*) as n from ${dialect.quote(name)}`)).rows[0]?.n);
  };

  it('keeps users logged in with their cookies', async () => {
    const anna = visitor(0);
    const response = await anna.get('/');
    expect([response.body, response.headers['set-cookie']]).toEqual([{ user: 'anna', wishlist: ['tea'] }, undefined]);
    expect([await rowsIn(table), await rowsIn('web_sessions')]).toEqual([2, 1]);
    await anna.post('/wishlist', { sku: 'milk' });
    expect((await anna.get('/')).body).toEqual({ user: 'anna', wishlist: ['tea', 'milk'] });
    expect(await app.get(SessionService).list({ userId: 'anna' })).toHaveLength(1);
  });

  it('loses no change of requests while a session is migrated', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, n) => visitor(1).post('/wishlist', { sku: `sku${n}` })));
    expect(new Set((await visitor(1).get('/')).body.wishlist)).toEqual(
      new Set(['tea', ...Array.from({ length: 10 }, (_, n) => `sku${n}`)]),
    );
  });

  it('does not log a user in again who has logged out', async () => {
    const id = decodeURIComponent(cookies[2]!.split('=')[1]!).slice(2).split('.')[0]!;
    await app.get(SessionService).destroy(id);
    expect((await visitor(2).get('/')).body).toEqual({});
    expect([await rowsIn(table), await rowsIn('web_sessions')]).toEqual([0, 2]);
  });
});
