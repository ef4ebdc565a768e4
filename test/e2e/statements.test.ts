import { readFileSync } from 'node:fs';
import { Controller, Get, Module, Post, Req, Session, type INestApplication } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { DatabaseContext, LockSession, SessionService, type RunStatement } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { startTestApp } from '../support/test-app.js';

@Controller()
class UpdateController {
  constructor(private readonly sessions: SessionService) {}

  @Post('update') update(@Session() session: SessionData): Promise<unknown> {
    return this.sessions.update(session, (draft: Record<string, unknown>) => (draft.n = Number(draft.n ?? 0) + 1));
  }
  @Post('login-keeping') async loginKeeping(@Req() request: Request): Promise<void> {
    await this.sessions.regenerate(request, { keep: 'all' });
    Object.assign(request.session, { user: 'anna' });
  }
  @Post('locked') @LockSession() locked(@Session() session: Record<string, unknown>): void {
    session.n = Number(session.n ?? 0) + 1;
  }
  @Post('locked-nothing') @LockSession() lockedNothing(): void {}
  @Get('excluded') excluded(): void {}
}

@Module({ controllers: [UpdateController] })
class UpdateModule {}

/** The page's table: a kind of request, and its statements. */
const TABLE = new Map(
  [...readFileSync('docs/statements.md', 'utf8').matchAll(/^\| (.+?) \| (\d+) \| (?!\d)/gm)].map(([, kind, count]) => [
    kind,
    Number(count),
  ]),
);

describe.each(DATABASES)('statements of a request on %s', (database) => {
  const tableName = `statements_${database}`;
  let app: INestApplication;
  let context: DatabaseContext;
  let browser: Browser;
  let statements: string[] = [];

  beforeAll(async () => {
    app = await startTestApp(database, { imports: [UpdateModule], options: { tableName, exclude: ['excluded'], pruneInterval: false } });
    context = app.get(DatabaseContext, { strict: false });
    const run = context.runner.run;
    const counting: RunStatement = (sql, parameters) => (statements.push(sql), run(sql, parameters));
    Object.defineProperty(context.runner, 'run', { value: counting, writable: true });
  });
  beforeEach(async () => {
    browser = new Browser(app);
    await browser.post('/set', { n: 1 });
  });
  afterAll(async () => {
    await dropTables(context.dialect.name, context.runner.run, tableName);
    await app.close();
  });

  const signed = (cookie: string) => cookie.replace(/s%3A[^.]+/, 's%3Aan-id-that-was-never-given');
  const KINDS: Record<string, (visitor: Browser) => Promise<unknown>> = {
    'no cookie, nothing stored': () => new Browser(app).get('/nothing'),
    'no cookie, first write': () => new Browser(app).post('/set', { a: 1 }),
    'a cookie with a wrong signature': (visitor) => ((visitor.cookie = signed(visitor.cookie)), visitor.get('/session')),
    'a request on an excluded path': (visitor) => visitor.get('/excluded'),
    reading: (visitor) => visitor.get('/session'),
    writing: (visitor) => visitor.post('/set', { a: Math.random() }),
    'setting what is there already': (visitor) => visitor.post('/set', { n: 1 }),
    'reading, when the expiry is due to be extended': async (visitor) => {
      await context.runner.run(`update ${context.dialect.quote(tableName)} set expires_at = ${context.dialect.fromNow('3600000')}`);
      statements = [];
      return visitor.get('/session');
    },
    '`sessions.update()`': (visitor) => visitor.post('/update'),
    'a handler with `@LockSession()` that writes': (visitor) => visitor.post('/locked'),
    'a handler with `@LockSession()` that changes nothing': (visitor) => visitor.post('/locked-nothing'),
    'login, with `regenerate()`': (visitor) => visitor.post('/login'),
    'login, with `regenerate()` that keeps values': (visitor) => visitor.post('/login-keeping'),
    logout: (visitor) => visitor.delete('/session'),
  };

  it.each(Object.keys(KINDS))('%s', async (kind) => {
    statements = [];
    await KINDS[kind]!(browser);
    expect({ kind, count: statements.length, statements }).toEqual({ kind, count: TABLE.get(kind), statements });
  });

  it('are all in the docs', () => {
    expect([...TABLE.keys()]).toEqual(Object.keys(KINDS));
  });

  it('hold no value in their text, and name nothing', async () => {
    statements = [];
    const { id } = (await browser.post('/set', { secret: 'a value of the session' })).body;
    expect(statements.length).toBeGreaterThan(0);
    for (const sql of statements)
      expect(sql).not.toMatch(new RegExp(`a value of the session|${storageKeyOf(id)}|prepare|deallocate|^set `, 'i'));
  });
});
