import { createHash, randomBytes } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import type { SessionData } from 'express-session';
import { SessionService } from 'nestjs-smart-session';
import { Browser } from '../../test/support/browser.js';
import { DATABASES, connectionOptions } from '../../test/support/databases.js';
import { startRecipe } from '../../test/support/recipe.js';
import { sessionIdOf } from '../../test/support/signed-cookie.js';
import { RailsSessions } from './rails-sessions.js';

type Run = (sql: string, parameters?: unknown[]) => Promise<Record<string, unknown>[]>;

const DAY = 86_400_000;

/** One session as activerecord-session_store 2.3.0 writes it on Rails 6.1, with each serializer. */
const WRITTEN_BY_RAILS = {
  publicId: '0123456789abcdef0123456789abcdef',
  sessionId: '2::3eb1bd439947eb762998e566ccc2e099c791118b2f40579cc4f7da2b5061b7f9',
  json: '{"value":{"user_id":7,"cart":["tea"],"_csrf_token":"x","flash":{"discard":[],"flashes":{"notice":"Grüße"}}}}',
  marshal:
    'BAh7CUkiDHVzZXJfaWQGOgZFVGkMSSIJY2FydAY7AFRbBkkiCHRlYQY7AFRJ\nIhBfY3NyZl90b2tlbgY7AFRJIgZ4BjsAVEkiCmZsYXNoBjsAVHsHSSIMZGlz\n' +
    'Y2FyZAY7AFRbAEkiDGZsYXNoZXMGOwBUewZJIgtub3RpY2UGOwBUSSIMR3LD\nvMOfZQY7AFQ=\n',
};
const runOn =
  (orm: MikroORM): Run =>
  (sql, parameters = []) =>
    (orm.em.getConnection() as AbstractSqlConnection).execute(sql, parameters);
const privateIdOf = (publicId: string) => `2::${createHash('sha256').update(publicId).digest('hex')}`;
const at = (daysAgo: number) => new Date(Date.now() - daysAgo * DAY).toISOString().replace('T', ' ').replace('Z', '000');

/** Creates the table as `rails generate active_record:session_migration` does. */
async function createTable(run: Run, isMySql = false, isPostgres = false): Promise<void> {
  const id = isPostgres
    ? 'bigserial primary key'
    : isMySql
      ? 'bigint not null auto_increment primary key'
      : 'integer primary key autoincrement not null';
  const text = isMySql ? 'varchar(255)' : isPostgres ? 'character varying' : 'varchar';
  const time = isPostgres ? 'timestamp(6) without time zone' : 'datetime(6)';
  await run('drop table if exists sessions');
  await run(
    `create table sessions (id ${id}, session_id ${text} not null, data text, created_at ${time} not null, updated_at ${time} not null)`,
  );
  await run('create unique index index_sessions_on_session_id on sessions (session_id)');
}

/** Stores a session as Rails does with the serializer `:json`. Returns the id in the cookie. */
async function addSession(
  run: Run,
  value: object,
  { daysAgo = 0, data = JSON.stringify({ value }), keyOf = privateIdOf } = {},
): Promise<string> {
  const publicId = randomBytes(16).toString('hex');
  await run('insert into sessions (session_id, data, created_at, updated_at) values (?, ?, ?, ?)', [
    keyOf(publicId),
    data,
    at(daysAgo),
    at(daysAgo),
  ]);
  return publicId;
}

describe('migrating from Rails', () => {
  let app: INestApplication;
  let run: Run;
  beforeAll(async () => {
    app = await startRecipe(() => import('./main.js'));
    run = runOn(app.get(MikroORM));
    await createTable(run);
  });
  afterAll(() => app.close());

  const visitor = (publicId: string) => Object.assign(new Browser(app), { cookie: `_shop_session=${publicId}` });
  const rails = async () => (await run('select * from sessions')).length;

  it('keeps users logged in by the cookie of Rails, and sends one of ours', async () => {
    const publicId = await addSession(run, { user_id: 7, wishlist: ['tea'], _csrf_token: 'x' });
    const anna = visitor(publicId);
    expect((await anna.get('/')).body).toEqual({ user_id: 7, wishlist: ['tea'] });
    expect([anna.cookie.startsWith('sid='), sessionIdOf(anna.cookie), await rails()]).toEqual([true, publicId, 0]);
    await anna.post('/wishlist', { sku: 'milk' });
    expect((await anna.get('/')).body.wishlist).toEqual(['tea', 'milk']);
    expect((await visitor(publicId).get('/')).body.wishlist).toEqual(['tea', 'milk']);
    expect(await app.get(SessionService).list({ userId: 7 })).toHaveLength(1);
  });

  it('gives requests that come at once one session', async () => {
    const publicId = await addSession(run, { user_id: 8 });
    const answers = await Promise.all(Array.from({ length: 10 }, () => visitor(publicId).get('/')));
    expect(answers.map(({ body }) => body.user_id)).toEqual(Array.from({ length: 10 }, () => 8));
    expect(await app.get(SessionService).list({ userId: 8 })).toHaveLength(1);
  });

  it('gives a new id at login, and ignores the cookie of Rails after that and after a logout', async () => {
    const publicId = await addSession(run, { wishlist: ['tea'] });
    const anna = visitor(publicId);
    await anna.post('/login', { userId: 9 });
    expect(sessionIdOf(anna.cookie)).not.toBe(publicId);
    expect((await anna.get('/')).body).toEqual({ user_id: 9, wishlist: ['tea'] });
    expect((await visitor(publicId).get('/')).body).toEqual({});
    await anna.post('/logout');
    expect((await anna.get('/')).body).toEqual({});
    expect(await app.get(SessionService).list({ userId: 9 })).toEqual([]);
  });

  it('logs out a user whose session was not migrated yet', async () => {
    const publicId = await addSession(run, { user_id: 10 });
    await visitor(publicId).post('/logout');
    expect([(await visitor(publicId).get('/')).body, await rails()]).toEqual([{}, 0]);
  });

  it('accepts no id that Rails has not issued, and no key of a row', async () => {
    const publicId = await addSession(run, { user_id: 11 });
    for (const id of ['0'.repeat(32), privateIdOf(publicId), privateIdOf(publicId).slice(3), `${publicId}x`]) {
      const stranger = visitor(id);
      expect((await stranger.get('/')).body).toEqual({});
      expect(stranger.cookie).toBe(`_shop_session=${id}`);
    }
    expect((await visitor(publicId).get('/')).body).toEqual({ user_id: 11 });
  });
});

describe.each(DATABASES)('the sessions table of Rails on %s', (database) => {
  let orm: MikroORM;
  let run: Run;
  let sessions: RailsSessions;
  beforeAll(async () => {
    orm = await MikroORM.init(connectionOptions(database));
    run = runOn(orm);
    await createTable(run, database === 'mysql' || database === 'mariadb', database === 'postgresql');
    sessions = new RailsSessions(orm);
  });
  afterAll(async () => {
    await run('drop table sessions');
    await orm.close();
  });

  const get = (id: string) =>
    new Promise<SessionData | null | undefined>((resolve, reject) =>
      sessions.get(id, (error, session) => (error ? reject(error as Error) : resolve(session))),
    );

  it('reads a session that Rails has written', async () => {
    const { publicId, sessionId, json } = WRITTEN_BY_RAILS;
    await addSession(run, {}, { data: json, keyOf: () => sessionId });
    expect(await get(publicId)).toEqual({
      user_id: 7,
      cart: ['tea'],
      _csrf_token: 'x',
      flash: { discard: [], flashes: { notice: 'Grüße' } },
      cookie: { originalMaxAge: null },
    });
  });

  it('reads JSON sessions that are not too old, and no others', async () => {
    const value = { user_id: 1 };
    expect(await get(await addSession(run, value))).toMatchObject(value);
    expect(await get(await addSession(run, value, { keyOf: (id) => id }))).toMatchObject(value);
    expect(await get(await addSession(run, value, { daysAgo: 31 }))).toBeNull();
    expect(await get(await addSession(run, value, { data: WRITTEN_BY_RAILS.marshal }))).toBeNull();
    await expect(get(await addSession(run, value, { data: 'neither' }))).rejects.toThrow(SyntaxError);
  });

  it('removes one', async () => {
    const id = await addSession(run, { user_id: 1 });
    await new Promise<void>((resolve) => sessions.destroy(id, () => resolve()));
    expect(await get(id)).toBeNull();
  });
});
