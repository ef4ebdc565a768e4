import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { vi } from 'vitest';
import { COMMANDS } from '../../src/cli/commands/index.js';
import { importOptions } from '../../src/cli/options-module.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { handleOf } from '../../src/security/session-handle.js';
import { abbreviate } from '../../src/smart-session.errors.js';
import { CLI_MODULE, OptionsFile, cli, cliProcess, type Person } from '../support/cli.js';
import { CONNECTIONS, DATABASES, ONE_PER_SERVER } from '../support/databases.js';
import { makeLayout1 } from '../support/layout-1.js';
import { dropTables } from '../support/drop-tables.js';
import { openPreviousStore, storeSession } from '../support/previous-stores.js';
import { SessionsApp, sessionIdOf } from '../support/sessions-app.js';

describe.each(DATABASES)('the command line, on %s', (database) => {
  const tableName = `cli_${database}`;
  let file: OptionsFile;
  let app: SessionsApp;

  beforeAll(async () => {
    // What takes events is in the app's modules, which the command line has none of.
    file = await OptionsFile.write(database, tableName, { events: 'SOMETHING_OF_THE_APP' });
    app = await SessionsApp.start(database, { ...file.options, events: undefined, createTable: true });
  });
  beforeEach(() => app.clear());
  afterAll(async () => {
    await app.close();
    await file.remove();
  });

  /** The handles of a user's sessions, the newest first, as the command line lists them. */
  async function handlesOf(user: string): Promise<string[]> {
    const { out } = await file.run(['list', '--user', user, '--json']);
    return (JSON.parse(out) as { handle: string }[]).map(({ handle }) => handle);
  }

  it('prints the SQL of a table, which makes one', async () => {
    const { code, out, err } = await file.run(['create-table', '--table', `${tableName}_2`]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { runner, dialect } = app.context;
    for (const statement of out.split(';\n').slice(0, -1)) await runner.run(statement);
    const made = await dialect.columns(runner.run, `${tableName}_2`, undefined);
    await dropTables(database, runner.run, `${tableName}_2`);
    expect(made).toEqual(await dialect.columns(runner.run, tableName, undefined));
  });

  it('makes a table, once', async () => {
    const words = ['create-table', '--run', '--table', `${tableName}_3`];
    const missing = await file.run(['stats', '--table', `${tableName}_3`]);
    expect(missing).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^smart-session: .*there is no table "cli_\w+_3"\. .*create-table --run`\.\n$/),
    });
    const runs = [await file.run(words), await file.run(words)];
    await dropTables(database, app.context.runner.run, `${tableName}_3`);
    expect(runs).toEqual([
      { code: 0, out: `Created the table "${tableName}_3".\n`, err: '' },
      { code: 0, out: `The table "${tableName}_3" exists and has all its columns. Nothing was changed.\n`, err: '' },
    ]);
  });

  it('upgrades a table of an older version, once', async () => {
    const table = `${tableName}_4`;
    const { runner } = app.context;
    await makeLayout1(database, runner.run, table);
    const run = (...words: string[]) => file.run(['create-table', ...words, '--table', table]);
    const runs = [await run('--run'), await run('--upgrade'), await run('--upgrade'), await run('--run')];
    await dropTables(database, runner.run, table);
    expect(runs.map(({ code, out, err }) => `${code} ${out}${err}`)).toEqual([
      `0 The table "${table}" exists with layout 1. Nothing was changed. Run create-table --upgrade to upgrade it to layout 2.\n`,
      `0 The table "${table}" was upgraded from layout 1 to layout 2.\n`,
      `0 The table "${table}" already has layout 2. Nothing was changed.\n`,
      `0 The table "${table}" exists and has all its columns. Nothing was changed.\n`,
    ]);
    expect(await run('--upgrade')).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^smart-session: .*there is no table "cli_\w+_4"\. .*create-table --run`\.\n$/),
    });
  });

  it('lists the sessions of a user', async () => {
    const [, phone] = [await app.browser({ user: 'anna' }), await app.browser({ user: 'anna' }), await app.browser({ user: 'Anna' })];
    const { out } = await file.run(['list', '--user', 'anna', '--json']);
    const listed = JSON.parse(out) as { handle: string; createdAt: string; updatedAt: string; expiresAt: string }[];
    expect(listed).toHaveLength(2);
    const { createdAt, expiresAt, ...rest } = listed.find(({ handle }) => handle === handleOf(storageKeyOf(sessionIdOf(phone!))))!;
    expect(rest).toEqual({ handle: expect.any(String), updatedAt: createdAt });
    expect(Date.parse(expiresAt) - Date.parse(createdAt)).toBe(24 * 60 * 60_000);
    const table = (await file.run(['list', '--user', 'anna'])).out.split('\n');
    expect(table[0]).toMatch(/^HANDLE +CREATED +UPDATED +EXPIRES$/);
    expect(table[1]!.split(/ +/)).toEqual([listed[0]!.handle, listed[0]!.createdAt, listed[0]!.updatedAt, listed[0]!.expiresAt]);
    expect((await file.run(['list', '--user', 'nobody'])).out).toBe('User "nobody" has no live session.\n');
  });

  it('counts sessions, their sizes and their commits', async () => {
    const browser = await app.browser({ user: 'anna', text: 'ä'.repeat(100) });
    for (let n = 0; n < 3; n++) await browser.post('/set', { n });
    await app.browser({ a: 1 });
    await app.age(25 * 60 * 60_000);
    await app.browser({ a: 1 });
    const small = '{"a":1}'.length;
    expect(await statistics()).toEqual({
      live: 1,
      expired: 2,
      bytes: { average: small, greatest: small, total: small },
      locked: 0,
      commits: [1, 0, 0, 0, 0],
      sizes: [1, 0, 0, 0],
      ages: [1, 0, 0, 0, 0],
      withoutUser: 1,
    });
    await app.age(-25 * 60 * 60_000);
    const large = Buffer.byteLength(JSON.stringify({ n: 2, text: 'ä'.repeat(100), user: 'anna' }));
    const total = large + 2 * small;
    expect(await statistics()).toEqual({
      live: 3,
      expired: 0,
      bytes: { average: Math.round(total / 3), greatest: large, total },
      locked: 0,
      commits: [2, 1, 0, 0, 0],
      sizes: [3, 0, 0, 0],
      // One is created a day in the future, which counts as new.
      ages: [3, 0, 0, 0, 0],
      withoutUser: 2,
    });
    const { out } = await file.run(['stats']);
    expect(out).toMatch(/^Live sessions +3\n/);
    expect(out).toMatch(/^With 1 to 9 commits after the first +1$/m);
  });

  async function statistics(): Promise<object> {
    const found = JSON.parse((await file.run(['stats', '--json'])).out) as Record<'commits' | 'sizes' | 'ages', { sessions: number }[]>;
    const counts = (ranges: { sessions: number }[]) => ranges.map(({ sessions }) => sessions);
    return { ...found, commits: counts(found.commits), sizes: counts(found.sizes), ages: counts(found.ages) };
  }

  it('prunes what has expired', async () => {
    await Promise.all([app.browser(), app.browser()]);
    await app.age(25 * 60 * 60_000);
    const live = await app.browser();
    expect(await file.run(['prune'])).toEqual({ code: 0, out: 'Deleted 2 expired sessions.\n', err: '' });
    expect(await app.rows()).toBe(1);
    expect(await live.session()).toEqual({ a: 1 });
  });

  it('applies lower lifetimes to the sessions that are there', async () => {
    const MINUTE = 60_000;
    const lower = await OptionsFile.write(database, tableName, {
      ...file.options,
      ttl: 60 * MINUTE,
      anonymousTtl: 10 * MINUTE,
      cookie: { maxAge: 120 * MINUTE },
    });
    const remembering = async (user: string, maxAge: number) => {
      const browser = await app.browser({ user });
      await browser.post('/remember', { maxAge });
      return browser;
    };
    await app.browser({ user: 'of a day' });
    await app.browser({ a: 1 });
    await remembering('of a month', 30 * 24 * 60 * MINUTE);
    await remembering('of an hour and a half', 90 * MINUTE);
    await remembering('of five minutes', 5 * MINUTE);
    const minutesLeft = (remaining: unknown) => 5 * Math.ceil((Number(remaining) - 1000) / (5 * MINUTE));
    const lives = async () => {
      const { until } = app.context.dialect;
      const rows = await app.run(`select user_id, max_age, ${until('expires_at')} as remaining from {table} order by user_id`);
      return Object.fromEntries(
        rows.map((row) => [
          String(row.user_id),
          // express-session derives the max age from the expiry, and may lose a ms. A slow machine may take minutes for the test.
          [minutesLeft(row.remaining), row.max_age === null ? null : Math.round(Number(row.max_age) / MINUTE)],
        ]),
      );
    };
    const others = { 'of an hour and a half': [90, 90], 'of five minutes': [5, 5] };

    const before = await lives();
    expect(await lower.run(['shorten', '--dry-run'])).toEqual({
      code: 0,
      out: 'Would shorten 2 sessions without a max age to 3,600 s without use.\nWould shorten 1 session without a user to 600 s without use.\n',
      err: '',
    });
    expect(await lives()).toEqual(before);
    expect(await lower.run(['shorten'])).toEqual({
      code: 0,
      out: 'Shortened 2 sessions without a max age to 3,600 s without use.\nShortened 1 session without a user to 600 s without use.\n',
      err: '',
    });
    expect(await lives()).toEqual({ 'of a day': [60, null], null: [10, null], 'of a month': [30 * 24 * 60, 30 * 24 * 60], ...others });

    const slow = await app.sessions.load(sessionIdOf(await remembering('of a week', 7 * 24 * 60 * MINUTE)));
    const { out } = await lower.run(['shorten', '--max-age']);
    expect(out).toBe(
      'Shortened 0 sessions without a max age to 3,600 s without use.\nShortened 0 sessions without a user to 600 s without use.\nShortened 2 sessions with a longer max age to 7,200 s without use.\n',
    );
    // A commit that began before does not write the longer one again.
    await app.sessions.commit(Object.assign(slow!, { late: 1 }));
    expect(await lives()).toEqual({
      'of a day': [60, null],
      null: [10, null],
      'of a month': [120, 120],
      'of a week': [120, 120],
      ...others,
    });

    expect(await file.run(['shorten', '--max-age'])).toEqual({
      code: 2,
      out: '',
      err: expect.stringMatching(/--max-age was given, but the options have no `cookie\.maxAge`/),
    });
    expect(await cli(['shorten'])).toEqual({ code: 2, out: '', err: expect.stringMatching(/shorten: --options is missing/) });
    await lower.remove();
  });

  it('ends one session of a user by its handle', async () => {
    const [laptop, phone] = [await app.browser({ user: 'anna' }), await app.browser({ user: 'anna' })];
    const handle = handleOf(storageKeyOf(sessionIdOf(phone)));
    const words = ['destroy', '--user', 'anna', `--handle=${handle}`];
    expect(await file.run(words)).toEqual({ code: 0, out: `Destroyed session ${handle} of user "anna".\n`, err: '' });
    expect([await laptop.session(), await phone.session()]).toEqual([{ user: 'anna' }, {}]);
    expect(await file.run(words)).toEqual({ code: 1, out: '', err: `smart-session: user "anna" has no live session ${handle}.\n` });
  });

  it('ends a session by its id, or by its cookie', async () => {
    const [one, other, third] = await Promise.all([app.browser(), app.browser(), app.browser()]);
    const name = `session ${abbreviate(storageKeyOf(sessionIdOf(one)))}`;
    expect(await file.run(['destroy', `--session=${sessionIdOf(one)}`])).toEqual({ code: 0, out: `Destroyed ${name}.\n`, err: '' });
    expect((await file.run(['destroy', `--session=${other.cookie.split('=')[1]}`])).code).toBe(0);
    expect([await one.session(), await other.session(), await third.session()]).toEqual([{}, {}, { a: 1 }]);
    expect(await file.run(['destroy', `--session=${sessionIdOf(one)}`])).toEqual({
      code: 1,
      out: '',
      err: `smart-session: there is no live ${name}.\n`,
    });
  });

  it("ends all of a user's sessions, when it is sure", async () => {
    await Promise.all([app.browser({ user: 'anna' }), app.browser({ user: 'anna' }), app.browser({ user: 'ben' })]);
    const words = ['destroy', '--user', 'anna'];
    const refused = 'smart-session: destroy: there is no terminal to confirm that all sessions of user "anna" are destroyed. Give --yes.\n';
    expect(await file.run(words)).toEqual({ code: 2, out: '', err: refused });
    const declined = await file.run(words, { answers: [''] });
    expect(declined.err).toBe('Destroy 2 sessions of user "anna"? [y/N] Nothing was destroyed.\n');
    expect(await handlesOf('anna')).toHaveLength(2);
    const agreed = await file.run(words, { answers: ['y'] });
    expect(agreed.out).toMatch(/^HANDLE .*\n.+\n.+\nDestroyed 2 sessions of user "anna".\n$/);
    expect([await handlesOf('anna'), await handlesOf('ben')]).toEqual([[], [expect.any(String)]]);
    expect((await file.run(['destroy', '--user', 'ben', '--yes'])).out).toMatch(/Destroyed 1 session of user "ben"\.\n$/);
    expect(await file.run([...words, '-y'])).toEqual({ code: 0, out: 'User "anna" has no live session.\n', err: '' });
  });

  it('shows only the newest sessions before it destroys many', async () => {
    for (let n = 0; n < 12; n++) await app.browser({ user: 'anna' });
    const { rows } = await app.context.runner.run(`select count(*) as sessions from ${tableName}`);
    expect(Number(rows[0]!.sessions)).toBe(12);
    const { out, err } = await file.run(['destroy', '--user', 'anna'], { answers: ['y'] });
    expect(err).toBe('Destroy 12 sessions of user "anna"? [y/N] ');
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 10 + 2);
    expect(lines.slice(-2)).toEqual(['and 2 older sessions', 'Destroyed 12 sessions of user "anna".']);
  });

  it.each([
    ['the id', (cookie: string, id: string) => id],
    ['the value', (cookie: string) => decodeURIComponent(cookie.split('=')[1]!)],
    ['the encoded value', (cookie: string) => cookie.split('=')[1]!],
    ['the encoded value in lower case', (cookie: string) => cookie.split('=')[1]!.replace('%3A', '%3a')],
    ['the whole cookie', (cookie: string) => cookie],
  ])('destroys the session of a cookie by %s', async (_, given) => {
    const browser = await app.browser({ user: 'anna' });
    const { code } = await file.run(['destroy', `--session=${given(browser.cookie, sessionIdOf(browser))}`]);
    expect([code, await handlesOf('anna')]).toEqual([0, []]);
  });

  it('takes a handle that begins with a dash', async () => {
    const handle = `-${'a'.repeat(21)}`;
    const { code, err } = await file.run(['destroy', '--user', 'anna', '--handle', handle]);
    expect({ code, err }).toEqual({ code: 1, err: `smart-session: user "anna" has no live session ${handle}.\n` });
  });

  it('prints one JSON document, and nothing else on standard output', async () => {
    const run = async (words: string, person?: Person) => {
      const { code, out, err } = await file.run([...words.split(' '), '--json'], person);
      return { code, result: JSON.parse(out) as unknown, err };
    };
    await Promise.all([app.browser({ user: 'anna' }), app.browser({ user: 'anna' }), app.browser({ user: 'ben' })]);
    const table = /^HANDLE .*\n.+\n.+\n/;
    expect(await run('destroy --user anna', { answers: ['no'] })).toEqual({
      code: 0,
      result: { destroyed: 0 },
      err: expect.stringMatching(new RegExp(`${table.source}Destroy 2 sessions of user "anna"\\? \\[y/N\\] Nothing was destroyed\\.\n$`)),
    });
    expect(await run('destroy --user anna --yes')).toEqual({ code: 0, result: { destroyed: 2 }, err: expect.stringMatching(table) });
    expect(await run('destroy --user anna --yes')).toEqual({ code: 0, result: { destroyed: 0 }, err: '' });
    const [ben] = await handlesOf('ben');
    expect(await run(`destroy --user ben --handle=${ben}`)).toEqual({ code: 0, result: { destroyed: 1 }, err: '' });
    const last = await app.browser({ a: 1 });
    expect(await run('shorten')).toEqual({ code: 0, result: [{ which: 'without-max-age', ms: 86_400_000, sessions: 0 }], err: '' });
    expect(await run(`destroy --session=${sessionIdOf(last)}`)).toEqual({ code: 0, result: { destroyed: 1 }, err: '' });
    await app.browser();
    await app.age(25 * 60 * 60_000);
    expect(await run('prune')).toEqual({ code: 0, result: { dryRun: false, deleted: 1 }, err: '' });
  });

  it('prints the table that it creates as JSON', async () => {
    const table = `${tableName}_5`;
    const { runner, dialect } = app.context;
    const run = async (...words: string[]) => {
      const { code, out, err } = await file.run(['create-table', ...words, '--json', '--table', table]);
      return { code, err, result: JSON.parse(out) as unknown };
    };
    const folder = join(file.directory, 'migrations');
    const runs = [await run(), await run('--run'), await run('--run'), await run('--upgrade')];
    const migration = await run('--migration', folder, '--format', 'sql');
    await dropTables(database, runner.run, table);
    expect(runs).toEqual(
      [
        { dialect: database, statements: [...dialect.tableDefinition(table, undefined)] },
        { table, created: true, layout: 2 },
        { table, created: false, layout: 2 },
        { table, from: 2, to: 2 },
      ].map((result) => ({ code: 0, err: '', result })),
    );
    expect(migration).toEqual({
      code: 0,
      err: 'It is a migration of the format sql. Run it with your tool.\n',
      result: { path: expect.stringMatching(/_create_cli_\w+_5\.sql$/), format: 'sql' },
    });
  });

  it('prints no JSON if it fails', async () => {
    expect(await file.run(['destroy', '--user', 'anna', '--handle', 'Zk3xQ0cTq1mVJv4yYb1oXw', '--json'])).toEqual({
      code: 1,
      out: '',
      err: 'smart-session: user "anna" has no live session Zk3xQ0cTq1mVJv4yYb1oXw.\n',
    });
  });
});

describe('a module of options', () => {
  let directory: string;
  const options = (dbName: string) =>
    `{ dialect: 'sqlite', connection: { dbName: ${JSON.stringify(dbName)} }, tableName: 'of_module', secret: 'test' }`;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smart-session-options-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  const marked = "Object.defineProperty(exports, '__esModule', { value: true });";
  it.each([
    ['default.mjs', 'export default OPTIONS;'],
    ['alone.mjs', 'export const sessionOptions = OPTIONS;'],
    ['promise.mjs', 'export default Promise.resolve(OPTIONS);'],
    ['function.mjs', 'export default () => (OPTIONS);'],
    ['async-function.mjs', 'export const sessionOptions = async () => (OPTIONS);'],
    ['module-exports.cjs', 'module.exports = OPTIONS;'],
    ['module-exports-function.cjs', 'module.exports = async () => (OPTIONS);'],
    ['exports-default.cjs', 'exports.default = OPTIONS;'],
    ['exports-alone.cjs', 'exports.sessionOptions = OPTIONS;'],
    ['compiled-default.cjs', `${marked} exports.default = OPTIONS;`],
    ['compiled-alone.cjs', `${marked} exports.sessionOptions = OPTIONS;`],
    ['compiled-alone-function.cjs', `${marked} exports.sessionOptions = async () => (OPTIONS);`],
    ['hidden-from-the-lexer.cjs', `${marked} Object.assign(exports, { sessionOptions: OPTIONS });`],
    ['frozen.cjs', 'module.exports = Object.freeze({ default: Object.freeze(OPTIONS) });'],
    ['types.ts', 'interface Named { tableName: string }\nexport const sessionOptions = OPTIONS satisfies Named as Named;'],
    ['types.cts', 'const options: object = OPTIONS;\nmodule.exports = options;'],
  ])('%s gives the options', async (name, text) => {
    const path = join(directory, name);
    await writeFile(path, text.replace('OPTIONS', options('sessions.sqlite')));
    expect(await importOptions(path)).toEqual({
      dialect: 'sqlite',
      connection: { dbName: 'sessions.sqlite' },
      tableName: 'of_module',
      secret: 'test',
    });
  });

  it('needs no configuration of MikroORM beside its connection', async () => {
    const path = join(directory, 'connection.cjs');
    await writeFile(path, `exports.sessionOptions = async () => (${options(join(directory, 'sessions.sqlite'))});`);
    expect(await cli(['create-table', '--run', '--options', path])).toEqual({ code: 0, out: 'Created the table "of_module".\n', err: '' });
  });

  it("needs none beside the app's own client", async () => {
    const path = join(directory, 'client.cjs');
    const driver = createRequire(import.meta.url).resolve('better-sqlite3');
    const client = `new (require(${JSON.stringify(driver)}))(${JSON.stringify(join(directory, 'client.sqlite'))})`;
    await writeFile(path, `exports.sessionOptions = { client: ${client}, tableName: 'of_client', secret: 'test' };`);
    const outputOf = async (...words: string[]) => (await cli([...words, '--options', path])).out;
    expect(await outputOf('create-table')).toMatch('create table if not exists "of_client"');
    expect(await outputOf('create-table', '--run')).toBe('Created the table "of_client".\n');
    expect(await outputOf('create-table', '--upgrade')).toMatch(/already has layout \d+\. Nothing was changed\./);
    expect(await outputOf('list', '--user', 'anna')).toBe('User "anna" has no live session.\n');
    expect(await outputOf('doctor')).toMatch(/^ok +connection +sqlite\.$/m);
  });

  it.each([
    ['two.cjs', 'exports.one = {}; exports.other = {};', 'exports one, other. Export the options as the default, or as the only export.'],
    [
      'text.cjs',
      "module.exports = 'secret';",
      'exports a value of type string. Export the options as an object, a promise of it, or a function that returns it.',
    ],
    ['nothing.cjs', marked, 'exports nothing. Export the options as the default, or as the only export.'],
    [
      'null.mjs',
      'export default null;',
      'exports a value of type null. Export the options as an object, a promise of it, or a function that returns it.',
    ],
  ])('%s is refused', async (name, text, message) => {
    const path = join(directory, name);
    await writeFile(path, text);
    expect(await cli(['stats', '--options', path])).toEqual({ code: 2, out: '', err: `smart-session: --options: ${path} ${message}\n` });
  });
});

describe('a module of options that fails', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'smart-session-failing-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  async function write(name: string, text: string): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, text);
    return path;
  }

  it.each([
    ['throws.mjs', "throw new Error('SESSION_KEY is missing');", 'SESSION_KEY is missing'],
    ['throws.cjs', "throw new Error('SESSION_KEY is missing');", 'SESSION_KEY is missing'],
    ['throws-null.mjs', 'throw null;', 'null'],
    ['rejects.mjs', "export default Promise.reject(new Error('the vault is sealed'));", 'the vault is sealed'],
    ['function-throws.mjs', "export default () => { throw new TypeError('no vault'); };", 'no vault'],
    ['async-function-throws.mjs', "export default async () => { throw new TypeError('no vault'); };", 'no vault'],
    // The reason is that of Vite here.
    ['syntax.mjs', 'export default { a: ;', ''],
    ['imports.mjs', "import 'not-there'; export default {};", "Cannot find package 'not-there' imported from"],
  ])('%s is named', async (name, text, reason) => {
    const path = await write(name, text);
    const { code, out, err } = await cli(['stats', '--options', path]);
    expect({ code, out, lines: err.trimEnd().split('\n').length }).toEqual({ code: 1, out: '', lines: 1 });
    expect(err).toContain(`smart-session: --options: ${path} cannot be loaded: ${reason}`);
  });

  it.each([
    ['never-loads.mjs', 'await new Promise(() => {}); export default {};'],
    ['function-never.cjs', 'module.exports = () => new Promise(() => {});'],
  ])('%s ends with 1, although its promise never settles', async (name, text) => {
    const run = await cliProcess(['stats', '--options', await write(name, text)], directory);
    expect(run).toEqual({
      code: 1,
      out: '',
      err: 'smart-session: a promise never settles. If --options exports a promise, check why it has no result.\n',
    });
  });

  it('fails if its output is lost', async () => {
    const full = await open('/dev/full', 'w');
    const child = fork(CLI_MODULE, ['--help'], { stdio: ['ignore', full.fd, 'pipe', 'ipc'] });
    const [[code], err] = await Promise.all([once(child, 'exit'), readAll(child.stderr!)]);
    await full.close();
    expect({ code, err }).toEqual({
      code: 1,
      err: 'smart-session: standard output cannot be written: ENOSPC: no space left on device, write\n',
    });
  });
});

it('has --json on every command', () => {
  expect(COMMANDS.filter(({ options }) => !('json' in options)).map(({ name }) => name)).toEqual([]);
});

describe('a command line that is wrong', () => {
  it.each([
    [[], 'no command was given. smart-session --help lists the commands.'],
    [
      ['frobnicate'],
      '"frobnicate" is not a command. Give one of init, create-table, import, stats, list, show, destroy, export-user, erase-user, shorten, reseal, prune, doctor first.',
    ],
    [['prun'], '"prun" is not a command. Did you mean prune? smart-session --help lists the commands.'],
    [['stast'], '"stast" is not a command. Did you mean stats? smart-session --help lists the commands.'],
    [['help', 'lits'], '"lits" is not a command. Did you mean list? smart-session --help lists the commands.'],
    [['--verison'], '"--verison" is not a command. Did you mean --version? smart-session --help lists the commands.'],
    [['prune', '--everything'], "prune: Unknown option '--everything'. smart-session prune --help lists its options."],
    [['list', '--usre', '42'], "list: Unknown option '--usre'. Did you mean --user? smart-session list --help lists its options."],
    [['stats', '--option=x'], "stats: Unknown option '--option'. Did you mean --options? smart-session stats --help lists its options."],
    [['stats', '-x'], "stats: Unknown option '-x'. smart-session stats --help lists its options."],
    [['stats', 'now'], "stats: Unexpected argument 'now'. smart-session stats --help lists its options."],
    [['list', '--user='], 'list: --user is missing. smart-session list --help describes it.'],
    [['list', '--limit=5', '--limit', '6'], 'list: --limit was given twice. Give it once.'],
    [['destroy', '--user', 'anna', '--user', 'ben', '--yes'], 'destroy: --user was given twice. Give it once.'],
    [['stats', '--options', 'a.js', '--options', 'b.js'], 'stats: --options was given twice. Give it once.'],
    [
      ['destroy', '--user', 'anna', '--handle', 'x'],
      'destroy: --handle: "x" is not a <handle>. smart-session destroy --help describes it.',
    ],
    [['stats', '--options', 'test'], '--options: "test" is a folder. Give the file of a module.'],
    [['stats', '--options='], '--options: "" is a folder. Give the file of a module.'],
    [['stats', '--config', 'nowhere.js'], '--config: there is no file nowhere.js.'],
    [['stats', '--config', 'a.js', '--config', 'b.js'], '--config: there is no file a.js, b.js.'],
    [['list', '--limit', 'ten'], 'list: --limit: "ten" was given. Give a whole number from 1.'],
    [['list', '--limit', '0'], 'list: --limit: "0" was given. Give a whole number from 1.'],
    [['show'], 'show: <handle> is missing. smart-session show --help describes it.'],
    [['show', 'abc'], 'show: "abc" is not a <handle>. smart-session show --help describes it.'],
    [['show', 'Zk3xQ0cTq1mVJv4yYb1oXw', 'b'], 'show: "b" is one word too many. smart-session show --help describes it.'],
    [
      ['list', '--user', '-x'],
      "list: Option '--user' argument is ambiguous. Did you forget to specify the option argument for '--user'? To specify an option argument starting with a dash use '--user=-XYZ'. smart-session list --help lists its options.",
    ],
    [['destroy'], 'destroy: give either --user <id>, with or without --handle <handle>, or --session <id>.'],
    [
      ['destroy', '--session', 'x', '--user', 'y'],
      'destroy: give either --user <id>, with or without --handle <handle>, or --session <id>.',
    ],
    [
      ['import', '--from', 'redis'],
      'import: --from redis is unknown. Give one of connect-pg-simple, express-mysql-session, connect-session-knex.',
    ],
    [
      ['import', '--from', 'express-mysql-session', '--dialect', 'mysql'],
      'import: both stores use the table "sessions". Give another name for this library\'s table with --table or `tableName` in the options, and create it with create-table --run.',
    ],
    ...['/etc/hostname', '/etc/hostname/migrations/new'].map((folder): [string[], string] => [
      ['create-table', '--dialect', 'sqlite', '--migration', folder],
      `--migration: "${folder}" was given, but /etc/hostname is a file. Give a folder.`,
    ]),
    [['create-table', '--run', '--upgrade'], 'create-table: give either --run or --upgrade.'],
    [['create-table', '--dialect', 'oracle'], `--dialect: "oracle" was given. Use one of 'postgresql', 'mysql', 'mariadb', 'sqlite'.`],
    [['stats', '--dialect='], `--dialect: "" was given. Use one of 'postgresql', 'mysql', 'mariadb', 'sqlite'.`],
    [['stats', '--table', 'why?'], '--table: "why?" was given. Give a name of 1 to 46 bytes, without a question mark.'],
    [['prune', '--schema='], '--schema: "" was given. Give a name without a question mark.'],
    [['stats', '--options', 'nowhere.js'], '--options: there is no file nowhere.js.'],
    [
      ['stats', '--options', 'test/support/servers.js'],
      '--options: test/support/servers.js exports MARIADB, MYSQL, POSTGRESQL, SERVERS. Export the options as the default, or as the only export.',
    ],
  ])('%j', async (words, message) => {
    expect(await cli(words)).toEqual({ code: 2, out: '', err: `smart-session: ${message}\n` });
  });

  it('says that a database cannot be reached', async () => {
    const file = await OptionsFile.write('postgresql', 'sessions', {
      connection: { host: '127.0.0.1', port: 1, user: 'nobody', dbName: 'nowhere' },
    });
    const { code, err } = await file.run(['stats']);
    await file.remove();
    expect({ code, lines: err.split('\n').length }).toEqual({ code: 1, lines: 2 });
    expect(err).toMatch(/^smart-session: .*ECONNREFUSED 127\.0\.0\.1:1/);
  });
});

describe('the version', () => {
  it.each(['--version', '-V', '-v'])('%s prints that of the package', async (option) => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(await cli([option])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });
});

describe('a process of an app', () => {
  // To start takes a second where the machine has nothing else to do.
  vi.setConfig({ testTimeout: 30_000 });
  let app: string;

  beforeAll(async () => {
    app = await mkdtemp(join(tmpdir(), 'smart-session-app-'));
    await mkdir(join(app, 'db'));
    await symlink(resolve('node_modules'), join(app, 'node_modules'));
    const manifest = {
      type: 'module',
      dependencies: { '@mikro-orm/cli': '*' },
      'mikro-orm': { preferTs: false, configPaths: ['./db/orm.config.js'] },
    };
    await writeFile(join(app, 'package.json'), JSON.stringify(manifest));
    // Its entities are not needed, and those that are wrong do not matter.
    const config =
      "import { SqliteDriver } from '@mikro-orm/sqlite';\nexport default { driver: SqliteDriver, dbName: 'app.sqlite', entities: ['./nowhere'] };\n";
    await writeFile(join(app, 'db/orm.config.js'), config);
  });
  afterAll(() => rm(app, { recursive: true }));

  it.each([
    [0, ['--version']],
    [1, ['stats']],
    [2, ['stast']],
  ])('ends with the exit code %i for %j', async (code, words) => {
    const run = await cliProcess(words, app);
    expect(run.code).toBe(code);
    expect([run.out, run.err].map((text) => text !== '')).toEqual([code === 0, code !== 0]);
  });

  it("finds the database by MikroORM's configuration, as its own command line does", async () => {
    const run = await cliProcess(['create-table', '--run'], app);
    expect(run).toEqual({ code: 0, out: 'Created the table "sessions".\n', err: '' });
  });

  it('takes another configuration by its context, and says which files there are none of', async () => {
    await writeFile(
      join(app, 'other.js'),
      "import { SqliteDriver } from '@mikro-orm/sqlite';\nexport default [{ contextName: 'second', driver: SqliteDriver, dbName: 'other.sqlite' }];\n",
    );
    const other = await cliProcess(['stats', '--config', 'other.js', '--contextName', 'second'], app);
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('there is no table "sessions"') });
    for (const words of [['stats'], ['doctor'], ['create-table', '--run'], ['create-table', '--upgrade']]) {
      const own = [...words, '--config', join(app, 'other.js'), '--contextName', 'second', '--dialect', 'mysql'];
      const err = 'smart-session: --dialect: "mysql" was given, but the database is sqlite. Leave --dialect out.\n';
      const run = await cli(own);
      expect({ ...run, err: run.err.split('\n').at(-2) }).toEqual({ code: 2, out: '', err: err.trimEnd() });
    }
    const unknown = await cli(['stats', '--config', join(app, 'other.js'), '--contextName', 'third']);
    expect(unknown).toEqual({
      code: 2,
      out: '',
      err: 'smart-session: --contextName: the configuration of MikroORM has no "third". Give the `contextName` of one of its entries.\n',
    });
    const none = await cliProcess(['stats', '--config', 'nowhere.js'], app);
    expect(none).toEqual({ code: 2, out: '', err: 'smart-session: --config: there is no file nowhere.js.\n' });
  });

  it.each(ONE_PER_SERVER.filter((name) => name !== 'sqlite'))('creates no database on %s', async (dialect) => {
    const dbName = `never_created_${process.pid}`;
    const { driver, ...server } = CONNECTIONS[dialect];
    const config = `import { ${driver.name} as driver } from '@mikro-orm/${dialect}';\nexport default { ...${JSON.stringify(server)}, driver, dbName: '${dbName}' };\n`;
    await writeFile(join(app, 'misspelt.js'), config);
    for (const words of [['create-table', '--run'], ['doctor']]) {
      const { code, out, err } = await cli([...words, '--config', join(app, 'misspelt.js')]);
      expect({ code, shown: out + err }).toEqual({
        code: 1,
        shown: expect.stringMatching(/its database cannot be opened: .*never_created/),
      });
    }
  });

  it("finds the table by the session entity in MikroORM's configuration", async () => {
    const config = (driver: string, entities: string, more = '') =>
      `import { ${driver} as Driver } from '@mikro-orm/${driver === 'SqliteDriver' ? 'sqlite' : 'postgresql'}';
      import { SessionEntity, defineSessionEntity } from ${JSON.stringify(pathToFileURL(resolve('build/src/index.js')))};
      export default { driver: Driver, dbName: ${JSON.stringify(join(app, 'named.sqlite'))}, entities: ['./nowhere', ${entities}] ${more} };`;
    const files: Record<string, string> = {
      'named.js': config('SqliteDriver', "defineSessionEntity({ tableName: 'web_sessions' })"),
      'schema.js': config('PostgreSqlDriver', "defineSessionEntity({ tableName: 'web_sessions', schema: 'shop' })"),
      'usual.js': config('PostgreSqlDriver', 'SessionEntity', ", schema: 'shop'"),
      'several.js': config('PostgreSqlDriver', "SessionEntity, defineSessionEntity({ tableName: 'other', schema: 'shop' })"),
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(app, name), text);
    const run = async (name: string, ...words: string[]) => {
      const { code, out, err } = await cli(['create-table', '--config', join(app, name), ...words]);
      return code === 0 ? /"\w+"(?:\."\w+")?/.exec(out)![0] : err;
    };
    expect(await run('named.js', '--run')).toBe('"web_sessions"');
    expect(await run('schema.js')).toBe('"shop"."web_sessions"');
    expect(await run('schema.js', '--schema', 'given')).toBe('"given"."web_sessions"');
    expect(await run('schema.js', '--table', 'given')).toBe('"given"');
    expect(await run('usual.js')).toBe('"shop"."sessions"');
    // Of several the command line takes none.
    expect(await run('several.js')).toBe('"sessions"');
    expect(await run('several.js', '--table', 'other')).toBe('"shop"."other"');
    const { out } = await cli(['stats', '--config', join(app, 'named.js'), '--json']);
    expect(JSON.parse(out)).toMatchObject({ live: 0 });
    expect(
      await cli(['import', '--from', 'connect-session-knex', '--from-table', 'web_sessions', '--config', join(app, 'named.js')]),
    ).toMatchObject({
      code: 2,
      err: expect.stringContaining('both stores use the table "web_sessions"'),
    });
  });

  it('imports from a database of the other store, whose pool may stay open', async () => {
    const old = await openPreviousStore('connect-session-knex', 'sqlite', 'sessions', join(app, 'old.sqlite'));
    await storeSession(old.store, 'of-anna', { user: 'anna' });
    await old.close();
    await writeFile(
      join(app, 'old.js'),
      "import { SqliteDriver } from '@mikro-orm/sqlite';\nsetInterval(() => {}, 1000);\nexport default { driver: SqliteDriver, dbName: 'old.sqlite' };\n",
    );
    const run = await cliProcess(['import', '--from', 'connect-session-knex', '--from-config', 'old.js'], app);
    expect(run).toEqual({
      code: 0,
      out: 'Imported 1 live session of connect-session-knex from "sessions" into "sessions". 0 were there already, 0 cannot be imported.\n',
      err: 'The user ids stay empty: neither `userId` in the options nor --user-key was given.\n',
    });
    const again = await cliProcess(['import', '--from', 'connect-session-knex', '--from-config', 'old.js', '--dry-run', '--json'], app);
    expect({ ...again, out: JSON.parse(again.out) as unknown }).toEqual({
      code: 0,
      out: { dryRun: true, imported: 0, existing: 1, refused: 0 },
      err: run.err,
    });
  });

  it('says which package is missing', async () => {
    const refuse = `if (name === '@mikro-orm/cli') throw Object.assign(new Error("Cannot find package '@mikro-orm/cli'"), { code: 'ERR_MODULE_NOT_FOUND' });`;
    const hook = `import { registerHooks } from 'node:module'; registerHooks({ resolve(name, context, next) { ${refuse} return next(name, context); } });`;
    const { code, err } = await cliProcess(['stats'], app, ['--import', `data:text/javascript,${encodeURIComponent(hook)}`]);
    expect({ code, err }).toEqual({
      code: 1,
      err: "smart-session: @mikro-orm/cli reads the app's MikroORM configuration, but it is not installed. Install it: npm install --save-dev @mikro-orm/cli. If the app has no MikroORM, give --options.\n",
    });
  });
});
