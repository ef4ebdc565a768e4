import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import express from 'express';
import session from 'express-session';
import request from 'supertest';
import type { DialectName } from '../../src/index.js';
import { qualifiedName } from '../../src/dialects/qualified-name.js';
import { STORE_FORMATS } from '../../src/migration/stores/index.js';
import { abbreviate } from '../../src/smart-session.errors.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { CLI_MODULE, OptionsFile } from '../support/cli.js';
import { ONE_PER_SERVER } from '../support/databases.js';
import { FOREIGN, openPreviousStore, storeSession, type OpenedPreviousStore } from '../support/previous-stores.js';
import { SessionsApp } from '../support/sessions-app.js';

const HOUR = 60 * 60_000;
const COOKIE = 'connect.sid';
const KEY = Buffer.from(Array.from({ length: 32 }, (_, n) => n)).toString('base64');

/** An app as it was, with its sessions in another store. */
function startOldApp(store: session.Store): Server {
  const app = express();
  app.use(session({ store, secret: 'test', name: COOKIE, resave: false, saveUninitialized: false, cookie: { maxAge: HOUR } }));
  app.post('/login/:user', ({ session: current, params }, response) => {
    Object.assign(current, { user: params.user, cart: [{ sku: 'tea', quantity: 2 }] });
    response.end();
  });
  return createServer(app).listen(0, '127.0.0.1');
}

/** Logs a user in at an app by HTTP, and gives the cookie back. */
async function logIn(server: Server, user: string): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const { headers } = await fetch(`http://127.0.0.1:${port}/login/${user}`, { method: 'POST' });
  return headers.getSetCookie()[0]!.split(';')[0]!;
}

/** A table of another store, an app that is to take over its sessions, and the options with which the command line finds both. */
class Move {
  private constructor(
    readonly name: string,
    readonly database: DialectName,
    readonly file: OptionsFile,
    readonly app: SessionsApp,
    readonly old: OpenedPreviousStore,
    readonly oldTable: string,
  ) {}

  static async prepare(name: string, database: DialectName, options: object = {}): Promise<Move> {
    const tableName = `into_${name.replaceAll('-', '_')}_${database}`;
    const file = await OptionsFile.write(database, tableName, { name: COOKIE, cookie: { maxAge: 2 * HOUR }, ...options });
    const app = await SessionsApp.start(database, { ...file.options, createTable: true });
    await app.clear();
    const oldTable = `from_${name.replaceAll('-', '_')}_${database}`;
    await app.context.runner.run(`drop table if exists ${app.context.dialect.quote(oldTable)}`);
    const old = await openPreviousStore(name, database, oldTable, join(file.directory, 'sessions.sqlite'));
    return new Move(name, database, file, app, old, oldTable);
  }

  get words(): string[] {
    const { schema } = this.old;
    return ['import', '--from', this.name, '--from-table', this.oldTable, ...(schema === undefined ? [] : ['--from-schema', schema])];
  }

  /** The old table's name for a statement. */
  get oldName(): string {
    return qualifiedName(this.app.context.dialect.quote, this.oldTable, this.old.schema);
  }

  /** The line that an import ends with. */
  summary(imported: string, rest: string, did = 'Imported'): string {
    return `${did} ${imported} of ${this.name} from "${this.oldTable}" into "${this.file.options.tableName}". ${rest}\n`;
  }

  /** Stores sessions with the values of one that is stored already. */
  async multiply(sessionId: string, copies: readonly string[]): Promise<void> {
    const { keyColumn, dataColumn, expiryColumn } = STORE_FORMATS.find(({ name }) => name === this.name)!;
    const ids = copies.map((copy) => `select '${copy}' as id`).join(' union all ');
    await this.app.context.runner.run(
      `insert into ${this.oldName} (${keyColumn}, ${dataColumn}, ${expiryColumn}) ` +
        `select id, ${dataColumn}, ${expiryColumn} from ${this.oldName}, (${ids}) as copies where ${keyColumn} = '${sessionId}'`,
    );
  }

  async drop(): Promise<void> {
    await this.app.context.runner.run(`drop table ${this.oldName}`);
    await this.old.close();
    await this.app.close();
    await this.file.remove();
  }
}

describe.each(FOREIGN.filter(([, database]) => ONE_PER_SERVER.includes(database)))('an import of %s, on %s', (name, database) => {
  let move: Move;
  let server: Server;

  beforeAll(async () => {
    move = await Move.prepare(name, database, { serializer: 'rich', encryption: { keys: [KEY] } });
    server = startOldApp(move.old.store);
    await once(server, 'listening');
  });
  afterAll(async () => {
    server.close();
    await move.drop();
  });

  it('keeps users logged in', async () => {
    const cookie = await logIn(server, 'anna');
    await storeSession(move.old.store, 'expired', { user: 'anna' }, -HOUR);
    const dry = await move.file.run([...move.words, '--dry-run']);
    expect(dry).toEqual({
      code: 0,
      out: move.summary('1 live session', '0 are there already, 0 cannot be imported.', 'Would import'),
      err: '',
    });
    expect(await move.app.rows()).toBe(0);

    const run = await move.file.run(move.words);
    expect(run).toEqual({ code: 0, out: move.summary('1 live session', '0 were there already, 0 cannot be imported.'), err: '' });
    const { body } = await request(move.app.app.getHttpServer()).get('/session').set('Cookie', cookie);
    expect(body).toEqual({ user: 'anna', cart: [{ sku: 'tea', quantity: 2 }], cookie: expect.any(Object) });
    // express-session reckons it from the clock, and may store some ms less.
    expect(Math.abs(body.cookie.originalMaxAge - HOUR)).toBeLessThan(1000);
    expect(await move.app.run("select 1 from {table} where data like 'sealed.1.%'")).toHaveLength(1);
    const [listed] = await move.app.sessions.list({ userId: 'anna' });
    expect(Math.abs(listed!.expiresAt.getTime() - Date.now() - HOUR)).toBeLessThan(20_000);
  });

  it('says what no session is, and stores the rest', async () => {
    await move.app.clear();
    await storeSession(move.old.store, 'good', { user: 'ben', id: 'reserved' });
    await storeSession(move.old.store, 'odd', { user: 'x'.repeat(300) }, HOUR);
    await storeSession(move.old.store, 'sad', {}, HOUR);
    const data = name === 'express-mysql-session' ? ['data', 'session_id'] : ['sess', 'sid'];
    await move.app.context.runner.run(`update ${move.oldName} set ${data[0]} = '{"no":"cookie"}' where ${data[1]} = 'sad'`);

    const { code, out, err } = await move.file.run([...move.words, '--user-key', 'user'], { seesBar: true });
    expect({ code, out }).toEqual({ code: 1, out: move.summary('2 live sessions', '0 were there already, 2 cannot be imported.') });
    expect(err).toContain(`Session ${abbreviate(storageKeyOf('sad'))} is not imported: its data is no session: it has no cookie\n`);
    expect(err).toContain(
      `Session ${abbreviate(storageKeyOf('odd'))} is not imported: The session cannot store a user id of 300 characters`,
    );
    expect(err).toMatch(/\r\[#{30}\] 4 of 4 sessions\rsmart-session: import: 2 sessions were not imported\.\n$/);
    expect(await move.app.sessions.load('good')).toMatchObject({ user: 'ben' });
    const lifetime = (await move.app.sessions.list({ userId: 'ben' }))[0]!.expiresAt.getTime() - Date.now();
    expect(Math.abs(lifetime - 24 * HOUR)).toBeLessThan(20_000);
  });
});

describe.each([
  ['connect-pg-simple', 'postgresql'],
  ['express-mysql-session', 'mysql'],
  ['express-mysql-session', 'mariadb'],
] as const)('an import of %s, killed in the middle', (name, database) => {
  // A process of its own takes a second to start, and longer where the machine is busy.
  vi.setConfig({ testTimeout: 30_000 });
  const onDatabase = ONE_PER_SERVER.includes(database) ? it : it.skip;
  const SESSIONS = 560;
  const id = (n: number) => `session-${String(n).padStart(4, '0')}`;

  onDatabase('goes on, and writes over nothing', async () => {
    const move = await Move.prepare(name, database);
    const { runner, dialect } = move.app.context;
    await storeSession(move.old.store, id(0), { user: 'anna' }, HOUR);
    await move.multiply(
      id(0),
      Array.from({ length: SESSIONS - 1 }, (_, n) => id(n + 1)),
    );
    const held = id(505);
    // It comes as far as a row that another transaction has inserted, and waits for it.
    await runner.onOneConnection(async (run) => {
      await run(dialect.begin);
      const columns = '(session_id, data, created_at, updated_at, expires_at)';
      await run(
        `insert into ${dialect.quote(move.file.options.tableName)} ${columns} values ('${storageKeyOf(held)}', '{}', ${dialect.now}, ${dialect.now}, ${dialect.now})`,
      );
      const killed = spawn(process.execPath, [CLI_MODULE, ...move.words, '--options', move.file.path]);
      while ((await move.app.rows()) < 500) {
        if (killed.exitCode !== null) throw new Error('The import ended by itself.');
        // It has the processor until it is looked for again.
        await sleep(20);
      }
      killed.kill('SIGKILL');
      await once(killed, 'exit');
      await run('rollback');
    });
    await move.app.sessions.update(id(0), (draft) => void Object.assign(draft, { since: 'the kill' }));

    const { out } = await move.file.run(move.words);
    const [imported, existing, refused] = [...out.replaceAll(/"[^"]*"/g, '').matchAll(/\d+/g)].map(Number) as [number, number, number];
    expect(imported).toBeGreaterThanOrEqual(SESSIONS - 510);
    expect({ all: imported + existing, refused }).toEqual({ all: SESSIONS, refused: 0 });
    expect(await move.app.rows()).toBe(SESSIONS);
    expect(await move.app.sessions.load(id(0))).toMatchObject({ user: 'anna', since: 'the kill' });
    expect(await move.app.sessions.load(held)).toMatchObject({ user: 'anna' });
    await move.drop();
  });
});
