import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { vi } from 'vitest';
import type { Check } from '../../src/cli/doctor/check.js';
import { isOlder } from '../../src/cli/doctor/server.checks.js';
import { sealDevice } from '../../src/codec/device-text.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { SmartSessionOptions } from '../../src/index.js';
import { OptionsFile, cli } from '../support/cli.js';
import { CONNECTIONS, DATABASES, ONE_PER_SERVER } from '../support/databases.js';
import { makeLayout1 } from '../support/layout-1.js';
import { dropTables } from '../support/drop-tables.js';
import { SessionsApp, storageKeyIn } from '../support/sessions-app.js';

const DAY = 24 * 60 * 60_000;
const SECRET = randomBytes(32).toString('base64');
const newKey = () => randomBytes(32).toString('base64');

/** Types that MySQL and MariaDB accept, and which lose something. */
const MYSQL_TYPES: [column: string, type: string][] = [
  ['data', 'varchar(100)'],
  ['data', 'text'],
  ['user_id', 'varchar(36)'],
  ['max_age', 'int'],
  ['expires_at', 'datetime'],
  ['updated_at', 'timestamp(3) null'],
];

/** The statements of a remedy. */
const grantsIn = (remedy: string): string[] => /^Grant them: (.*)\.$/.exec(remedy)![1]!.split('; ');

describe.each(ONE_PER_SERVER)('smart-session doctor, on %s', (database) => {
  const tableName = `cli_doctor_${database}`;
  const isMysql = database === 'mysql' || database === 'mariadb';
  let app: SessionsApp;
  let file: OptionsFile;

  beforeAll(async () => {
    file = await OptionsFile.write(database, tableName, { secret: SECRET });
    app = await SessionsApp.start(database, { ...file.options, createTable: true });
  });
  beforeEach(() => app.clear());
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    await app.close();
    await file.remove();
  });

  /** Runs the command, and returns its checks by name. The exit code must fit. */
  async function examine(options: OptionsFile = file, ...words: string[]): Promise<Record<string, Check>> {
    const { code, out } = await options.run(['doctor', '--json', ...words]);
    const { isOk, checks } = JSON.parse(out) as { isOk: boolean; checks: Check[] };
    const fails = checks.some(({ status }) => status === 'fail');
    expect({ code, isOk }).toEqual({ code: fails ? 1 : 0, isOk: !fails });
    return Object.fromEntries(checks.map((check) => [check.name, check]));
  }

  /** The same with other options. */
  async function examineWith(overrides: object, ...words: string[]): Promise<Record<string, Check>> {
    const other = await OptionsFile.write(database, tableName, { ...file.options, ...overrides });
    try {
      return await examine(other, ...words);
    } finally {
      await other.remove();
    }
  }

  /** The checks that have found something, by name. */
  const flaws = (checks: Record<string, Check>) =>
    Object.fromEntries(Object.values(checks).flatMap(({ name, status }) => (status === 'ok' || status === 'note' ? [] : [[name, status]])));

  /** Examines a table of its own, after these statements. `{table}` stands for it. */
  async function examineTable(...statements: string[]): Promise<Record<string, Check>> {
    const { runner, dialect } = app.context;
    const table = `${tableName}_2`;
    await dropTables(database, runner.run, table);
    try {
      for (const statement of dialect.tableDefinition(table, undefined)) await runner.run(statement);
      for (const statement of statements) await runner.run(statement.replaceAll('{table}', table));
      return await examine(file, '--table', table);
    } finally {
      await dropTables(database, runner.run, table);
    }
  }

  it('finds nothing wrong with a new table', async () => {
    await app.browser();
    const checks = await examine();
    expect(flaws(checks)).toEqual({});
    expect(checks).toMatchObject({
      connection: { status: 'ok', found: database },
      table: { found: `${tableName}, with layout 2` },
      'primary key': { found: 'session_id' },
      'primary key of leases': { found: 'session_id, name' },
      'index on user_id': { status: 'ok' },
      'index on expires_at': { status: 'ok' },
      rights: { found: 'select, insert, update, delete' },
      expired: { found: '0 expired sessions are not pruned' },
      proxy: { status: 'note' },
      encryption: { found: 'off' },
    });
    expect(checks.isolation!.found).toMatch(/^[\w -]+$/);
    expect(checks.version!.found).toMatch(/\d+\.\d+/);
    if (isMysql)
      expect(checks).toMatchObject({
        engine: { found: 'InnoDB' },
        autocommit: { found: '1' },
        sql_mode: { status: 'ok' },
        packet: { status: 'ok' },
      });
    if (database !== 'sqlite') expect(checks).toMatchObject({ database: { found: CONNECTIONS[database].dbName } });
    if (database === 'postgresql') expect(checks).toMatchObject({ fillfactor: { found: '70' }, server_encoding: { found: 'UTF8' } });
  });

  it('prints a line for each check', async () => {
    const { code, out, err } = await file.run(['doctor']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.trimEnd().split('\n');
    expect(lines.filter((line) => !/^(ok|note|warn|fail) +[a-z_ ]+  .+\.$/.test(line))).toEqual([]);
    expect(lines).toContainEqual(expect.stringMatching(/^ok +clock +the database is \d+ ms (ahead of|behind) this machine\.$/));
  });

  it('says that the options are not checked without --options', async () => {
    const { err, out } = await cli(['doctor', '--config', 'test/support/servers.js']);
    expect(out).toMatch(/^fail {2}connection {2}\S.*\n$/);
    expect(err).toBe('The options were not checked. Give --options.\nsmart-session: doctor: 1 check failed.\n');
  });

  describe('the connection', () => {
    it('fails without a database', async () => {
      const elsewhere =
        database === 'sqlite'
          ? { dbName: 'no-such-folder/sessions.sqlite' }
          : { ...CONNECTIONS[database], driver: undefined, dbName: 'no_such_database' };
      const checks = await examineWith({ connection: elsewhere });
      expect(flaws(checks)).toEqual({ connection: 'fail' });
      expect(checks.connection!.found).toMatch(/its database cannot be opened: .*Create it, or correct its name/);
    });

    it('warns of a clock that differs', async () => {
      const now = Date.now.bind(Date);
      vi.spyOn(Date, 'now').mockImplementation(() => now() + 5000);
      const { clock } = await examine();
      expect(clock).toMatchObject({ status: 'warn', found: expect.stringMatching(/^the database is [45],\d{3} ms behind this machine$/) });
      vi.spyOn(Date, 'now').mockImplementation(() => now() - 5000);
      expect((await examine()).clock).toMatchObject({
        found: expect.stringMatching(/^the database is [45],\d{3} ms ahead of this machine$/),
      });
    });

    (database === 'postgresql' ? it : it.skip)('fails with another encoding', async () => {
      const dbName = `doctor_${process.pid}`;
      await app.context.runner.run(`create database ${dbName} encoding 'LATIN1' locale 'C' template template0`);
      const connection = { ...CONNECTIONS[database], driver: undefined, dbName };
      const checks = await examineWith({ connection });
      await app.context.runner.run(`drop database ${dbName}`);
      expect(flaws(checks)).toEqual({ server_encoding: 'fail', table: 'fail' });
      expect(checks.server_encoding!.found).toBe('LATIN1, so that characters outside it are refused or garbled');
    });

    (isMysql ? it : it.skip)('fails with another character set, and with a packet that is too small', async () => {
      const connection = { ...CONNECTIONS[database], driver: undefined, driverOptions: { charset: 'LATIN1_SWEDISH_CI' } };
      const checks = await examineWith({ connection, maxBytes: 2 ** 30 + 1 });
      expect(flaws(checks)).toEqual({
        character_set_client: 'fail',
        character_set_connection: 'fail',
        character_set_results: 'fail',
        packet: 'fail',
      });
      expect(checks.character_set_client).toMatchObject({
        found: 'latin1, so that texts are garbled, or lose characters',
        remedy: expect.stringMatching("Leave `charset` out of the driver's options"),
      });
    });
  });

  describe('the table', () => {
    it('fails if it is missing', async () => {
      const checks = await examine(file, '--table', 'no_such_table');
      expect(flaws(checks)).toEqual({ table: 'fail' });
      expect(checks.table!.found).toMatch('there is no table "no_such_table"');
    });

    it('fails if its schema is missing', async () => {
      const checks = await examine(file, '--schema', 'no_such_schema');
      expect(flaws(checks)).toEqual({ table: 'fail' });
      expect(checks.table!.found).toMatch('there is no schema "no_such_schema"');
    });

    it('fails without a column', async () => {
      const checks = await examineTable('alter table {table} drop column max_age');
      expect(flaws(checks)).toEqual({ table: 'fail' });
      expect(checks.table!.found).toMatch('has no column max_age');
    });

    it('fails without lock_version, if `locking` needs it', async () => {
      const table = `${tableName}_3`;
      const { runner, dialect } = app.context;
      for (const statement of dialect.tableDefinition(table, undefined)) await runner.run(statement);
      await runner.run(`alter table ${table} drop column lock_version`);
      const [optimistic, auto] = [await examineWith({ locking: 'optimistic' }, '--table', table), await examineWith({}, '--table', table)];
      await dropTables(database, runner.run, table);
      expect(flaws(optimistic)).toEqual({ locking: 'fail' });
      expect(auto.locking).toMatchObject({ status: 'ok', found: expect.stringMatching('without the column lock_version') });
    });

    it('warns of layout 1', async () => {
      const table = `${tableName}_1`;
      const { runner } = app.context;
      await makeLayout1(database, runner.run, table);
      const checks = await examine(file, '--table', table);
      await dropTables(database, runner.run, table);
      const { fillfactor: _, ...others } = flaws(checks);
      expect(others).toEqual({ table: 'warn', 'table of leases': 'warn' });
    });

    it('fails without its primary key, and warns without its indexes', async () => {
      const { runner } = app.context;
      const table = `${tableName}_4`;
      const columns =
        'session_id varchar(255) not null, data text, lock_version int, commit_id varchar(36), user_id varchar(255), max_age bigint, lease_id varchar(36), ';
      const time = isMysql ? 'datetime(3)' : database === 'postgresql' ? 'timestamptz(3)' : 'datetime';
      const times = ['lease_expires_at', 'created_at', 'updated_at', 'expires_at'].map((column) => `${column} ${time}`).join(', ');
      await dropTables(database, runner.run, table);
      await runner.run(`create table ${table} (${columns}${times})${isMysql ? ' default character set utf8mb4' : ''}`);
      await runner.run(
        `create table ${table}_leases (session_id varchar(200), name varchar(200), lease_id varchar(36), expires_at ${time}, primary key (name))`,
      );
      // An index that is not first on the column does not help.
      await runner.run(`create index ${table}_other on ${table} (max_age, user_id)`);
      const checks = await examine(file, '--table', table);
      const statements = ['index on user_id', 'index on expires_at'].map(
        (name) => /^Create it: (create index .*)\.$/.exec(checks[name]!.remedy!)![1]!,
      );
      for (const statement of statements) await runner.run(statement);
      const repaired = await examine(file, '--table', table);
      await dropTables(database, runner.run, table);
      expect(flaws(checks)).toMatchObject({
        'primary key': 'fail',
        'primary key of leases': 'fail',
        'index on user_id': 'warn',
        'index on expires_at': 'warn',
      });
      expect(checks['primary key']!.found).toMatch(/^there is none, /);
      expect(checks['primary key of leases']!.found).toMatch(/^it is \(name\), /);
      expect(repaired).toMatchObject({ 'index on user_id': { status: 'ok' }, 'index on expires_at': { status: 'ok' } });
    });

    (isMysql ? it : it.skip)('fails on another engine, and with another character set', async () => {
      // An index of MyISAM has at most 1,000 bytes on MySQL.
      const engine = await examineTable('alter table {table} drop index {table}_user_id_index, engine = MyISAM');
      expect(flaws(engine)).toEqual({ engine: 'fail', 'index on user_id': 'warn' });
      const [, conversion] = /^Convert the table: (alter table .* engine = InnoDB)\.$/.exec(engine.engine!.remedy!)!;
      const index = 'alter table {table} drop index {table}_user_id_index, engine = MyISAM';
      expect(flaws(await examineTable(index, conversion!))).toEqual({ 'index on user_id': 'warn' });
      const latin = 'alter table {table} modify data longtext character set latin1';
      const text = await examineTable(latin);
      expect(flaws(text)).toEqual({ character_set_of_data: 'fail' });
      const [, remedy] = /^Convert the table: (alter table .*)\.$/.exec(text.character_set_of_data!.remedy!)!;
      expect(flaws(await examineTable(latin, remedy!))).toEqual({});
    });

    (database === 'postgresql' ? it : it.skip)('finds an index that an aborted statement has left', async () => {
      const { runner } = app.context;
      const name = `${tableName}_2_user_id_index`;
      // Two equal values make the statement fail, and the index stays invalid.
      const row = (id: string) =>
        `insert into {table} (session_id, data, created_at, updated_at, expires_at, user_id) values ('${id}', '{}', now(), now(), now() + interval '1 day', 'anna')`;
      const aborted = async (...repair: string[]) => {
        const table = `${tableName}_2`;
        await dropTables(database, runner.run, table);
        for (const statement of app.context.dialect.tableDefinition(table, undefined)) await runner.run(statement);
        for (const statement of [row('one'), row('two'), `drop index ${name}`]) await runner.run(statement.replaceAll('{table}', table));
        await expect(runner.run(`create unique index concurrently ${name} on ${table} (user_id)`)).rejects.toThrow('unique');
        await runner.run(`delete from ${table} where session_id = 'two'`);
        for (const statement of repair) await runner.run(statement);
        const checks = await examine(file, '--table', table);
        await dropTables(database, runner.run, table);
        return checks;
      };
      const checks = await aborted();
      expect(flaws(checks)).toEqual({ 'index on user_id': 'warn' });
      expect(checks['index on user_id']!.found).toBe(
        `the database does not use ${name}, so that \`list\` and \`destroyAll\` read the whole table`,
      );
      const [, rebuild, drop] = /rebuild it: (reindex .*?)\. .*: (drop index .*)\.$/.exec(checks['index on user_id']!.remedy!)!;
      expect(flaws(await aborted(rebuild!))).toEqual({});
      const none = await aborted(drop!);
      expect(none['index on user_id']!.found).toMatch(/^there is none, /);
      const [, create] = /^Create it: (create index .*)\.$/.exec(none['index on user_id']!.remedy!)!;
      expect(flaws(await aborted(drop!, create!))).toEqual({});
    });

    (isMysql ? it : it.skip)('finds an index that is hidden', async () => {
      const hide = `alter table {table} alter index {table}_user_id_index ${database === 'mysql' ? 'invisible' : 'ignored'}`;
      const checks = await examineTable(hide);
      expect(flaws(checks)).toEqual({ 'index on user_id': 'warn' });
      const [, show] = /^Make it visible: (alter table .*)\.$/.exec(checks['index on user_id']!.remedy!)!;
      expect(flaws(await examineTable(hide, show!))).toEqual({});
    });

    it.each(
      {
        postgresql: [
          ['data', 'varchar(100)'],
          ['data', 'char(10)'],
          ['user_id', 'varchar(36)'],
          ['max_age', 'integer'],
          ['expires_at', 'timestamp'],
          ['updated_at', 'timestamptz(0)'],
        ],
        mysql: MYSQL_TYPES,
        mariadb: MYSQL_TYPES,
        sqlite: [],
      }[database],
    )('fails if %s is %s', async (column, type) => {
      const change =
        database === 'postgresql'
          ? `alter table {table} alter column ${column} type ${type}`
          : `alter table {table} modify ${column} ${type}`;
      const checks = await examineTable(change);
      const name = `type of ${column}`;
      expect(flaws(checks)).toEqual({ [name]: 'fail' });
      expect(checks[name]!.found).toMatch(/^it is .*, so that values are refused or changed$/);
      const [, remedy] = /^Change it: (alter table .*)\.$/.exec(checks[name]!.remedy!)!;
      expect(flaws(await examineTable(change, remedy!))).toEqual({});
    });

    (database === 'sqlite' ? it : it.skip)('fails if a type turns texts into numbers', async () => {
      const { runner, dialect } = app.context;
      const table = `${tableName}_5`;
      for (const statement of dialect.tableDefinition(table, undefined))
        await runner.run(statement.replace('user_id text', 'user_id string').replace('created_at datetime', 'created_at text'));
      const checks = await examine(file, '--table', table);
      await dropTables(database, runner.run, table);
      expect(flaws(checks)).toEqual({ 'type of user_id': 'fail', 'type of created_at': 'fail' });
    });

    it.each(
      {
        postgresql: [
          ['data', 'varchar'],
          ['user_id', 'text'],
          ['lock_version', 'bigint'],
          ['expires_at', 'timestamptz'],
        ],
        mysql: [
          ['data', 'mediumtext not null'],
          ['user_id', 'varchar(300)'],
          ['expires_at', 'datetime(6) not null'],
        ],
        mariadb: [['data', 'mediumtext not null']],
        sqlite: [],
      }[database],
    )('accepts %s as %s', async (column, type) => {
      const change =
        database === 'postgresql'
          ? `alter table {table} alter column ${column} type ${type}`
          : `alter table {table} modify ${column} ${type}`;
      expect(flaws(await examineTable(change))).toEqual({});
    });

    (database === 'postgresql' ? it : it.skip)('warns of tables that a crash empties', async () => {
      const unlogged = ['{table}', '{table}_leases'].map((table) => `alter table ${table} set unlogged`);
      const checks = await examineTable(...unlogged);
      expect(flaws(checks)).toEqual({ durability: 'warn', 'durability of leases': 'warn' });
      const remedies = ['durability', 'durability of leases'].map((name) => /^Run: (alter table .*)\.$/.exec(checks[name]!.remedy!)![1]!);
      expect(flaws(await examineTable(...unlogged, ...remedies))).toEqual({});
    });

    (database === 'postgresql' ? it : it.skip)('warns of full pages', async () => {
      const full = await examineTable('alter table {table} reset (fillfactor)');
      expect(flaws(full)).toEqual({ fillfactor: 'warn' });
      expect(full.fillfactor).toMatchObject({ found: '100, so that many updates write the indexes too' });
      const [, statement] = /^Run: (alter table .*?)\. /.exec(full.fillfactor!.remedy!)!;
      expect(flaws(await examineTable('alter table {table} reset (fillfactor)', statement!))).toEqual({});
    });

    it('warns of a backlog of expired sessions', async () => {
      await app.browser();
      await app.age(DAY + 60_000);
      expect((await examine()).expired).toMatchObject({ status: 'ok', found: '1 expired session is not pruned' });
      await app.age(3 * DAY);
      expect((await examine()).expired).toMatchObject({ status: 'warn', found: '1 expired session is not pruned, the oldest for 3 days' });
    });

    (database === 'sqlite' ? it.skip : it)('fails without the rights', async () => {
      const { runner } = app.context;
      const user = `doctor_${randomBytes(4).toString('hex')}`;
      const name = isMysql ? `${user}@'%'` : user;
      await runner.run(isMysql ? `create user ${name} identified by 'x'` : `create role ${user} login password 'x'`);
      try {
        await runner.run(`grant select, insert, delete on ${tableName} to ${name}`);
        await runner.run(`grant select on ${tableName}_leases to ${name}`);
        const checks = await examineWith({ connection: { ...CONNECTIONS[database], driver: undefined, user, password: 'x' } });
        expect(flaws(checks)).toEqual({ rights: 'fail', 'rights on leases': 'fail' });
        expect(checks.rights).toMatchObject({
          found: expect.stringMatching(/^refused: update \([^,]*denied.*\)$/),
          remedy: expect.stringMatching(/^Grant them: grant select, insert, update, delete on .* to .*\.$/),
        });
        expect(checks['rights on leases']!.found).toMatch(/^refused: insert .*, update .*, delete /);
        for (const { remedy } of [checks.rights!, checks['rights on leases']!]) await runner.run(grantsIn(remedy!)[0]!);
        expect(flaws(await examineWith({ connection: { ...CONNECTIONS[database], driver: undefined, user, password: 'x' } }))).toEqual({});
      } finally {
        if (!isMysql) await runner.run(`drop owned by ${user}`);
        await runner.run(`drop ${isMysql ? 'user' : 'role'} ${name}`);
      }
    });

    (database === 'sqlite' ? it.skip : it)('says that the user does not see a table', async () => {
      const { runner, dialect } = app.context;
      const user = `doctor_${randomBytes(4).toString('hex')}`;
      const name = isMysql ? `${user}@'%'` : user;
      const schema = isMysql ? undefined : `hidden_${process.pid}`;
      const table = `${tableName}_6`;
      const examineHidden = (overrides: object = {}) =>
        examineWith(
          {
            connection: {
              ...CONNECTIONS[database],
              driver: undefined,
              user,
              password: 'x',
              ...(schema ? { driverOptions: { options: `-c search_path="$user",${schema}` } } : {}),
            },
            ...overrides,
          },
          '--table',
          table,
        );
      if (schema) await runner.run(`create schema ${schema}`);
      for (const statement of dialect.tableDefinition(table, schema)) await runner.run(statement);
      await runner.run(isMysql ? `create user ${name} identified by 'x'` : `create role ${user} login password 'x'`);
      try {
        // MySQL lets a user in who has a right to anything.
        if (isMysql) await runner.run(`grant select on ${tableName} to ${name}`);
        for (const overrides of schema ? [{}, { schema }] : [{}]) {
          const checks = await examineHidden(overrides);
          expect(flaws(checks)).toEqual({ table: 'fail' });
          expect(checks.table!.found).toMatch(
            schema ? `has no right to use the schema ${schema}` : /^the user has no right to read it: .*denied/,
          );
        }
        for (const statement of grantsIn((await examineHidden()).table!.remedy!)) await runner.run(statement);
        const leases = await examineHidden();
        expect(flaws(leases)).toEqual(isMysql ? { 'table of leases': 'fail' } : { 'rights on leases': 'fail' });
        expect(leases.table).toMatchObject({ status: 'ok', found: `${table}, with layout 2` });
        const { remedy } = leases['table of leases']!.remedy === null ? leases['rights on leases']! : leases['table of leases']!;
        for (const statement of grantsIn(remedy!)) await runner.run(statement);
        expect(flaws(await examineHidden())).toEqual({});
      } finally {
        if (!isMysql) await runner.run(`drop owned by ${user}`);
        await runner.run(`drop ${isMysql ? 'user' : 'role'} ${name}`);
        if (schema) await runner.run(`drop schema ${schema} cascade`);
        else await dropTables(database, runner.run, table);
      }
    });

    it('says that the database only reads', async () => {
      if (isMysql) {
        // The options have a function, which JSON has not. Other tests use the server, so that only these connections read.
        const sql = 'set session transaction read only';
        const query = JSON.stringify({ sql, parameters: [], query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] }, queryId: {} });
        const other = await OptionsFile.write(database, tableName, file.options);
        const connection = `{ ...${JSON.stringify(other.options.connection)}, onCreateConnection: (made) => made.executeQuery(${query}) }`;
        await writeFile(other.path, `export default { ...${JSON.stringify(other.options)}, connection: ${connection} };\n`);
        const checks = await examine(other).finally(() => other.remove());
        expectReadOnly(checks, /^Connect to the primary/);
      } else if (database === 'postgresql') {
        const connection = {
          ...CONNECTIONS[database],
          driver: undefined,
          driverOptions: { options: '-c default_transaction_read_only=on' },
        };
        expectReadOnly(await examineWith({ connection }), /default_transaction_read_only/);
      } else {
        const connection = { ...file.options.connection, driverOptions: { readonly: true } };
        expectReadOnly(await examineWith({ connection }), /^Give the process the right to write/);
      }
    });

    function expectReadOnly(checks: Record<string, Check>, advice: RegExp): void {
      expect(flaws(checks)).toEqual({ rights: 'fail', 'rights on leases': 'fail' });
      for (const name of ['rights', 'rights on leases']) {
        expect(checks[name]!.found).toMatch(/^the database only reads: /);
        expect(checks[name]!.remedy).toMatch(advice);
      }
    }

    (database === 'sqlite' ? it.skip : it)('needs no right but those of the app', async () => {
      const { runner } = app.context;
      const user = `doctor_${randomBytes(4).toString('hex')}`;
      const name = isMysql ? `${user}@'%'` : user;
      await runner.run(isMysql ? `create user ${name} identified by 'x'` : `create role ${user} login password 'x'`);
      try {
        for (const table of [tableName, `${tableName}_leases`])
          await runner.run(`grant select, insert, update, delete on ${table} to ${name}`);
        const checks = await examineWith({ connection: { ...CONNECTIONS[database], driver: undefined, user, password: 'x' } });
        expect(flaws(checks)).toEqual({});
        expect(checks).toMatchObject({ 'primary key': { status: 'ok' }, 'index on user_id': { status: 'ok' } });
      } finally {
        if (!isMysql) await runner.run(`drop owned by ${user}`);
        await runner.run(`drop ${isMysql ? 'user' : 'role'} ${name}`);
      }
    });
  });

  // They do not depend on the database.
  (database === DATABASES[0] ? describe : describe.skip)('the options', () => {
    it('fail if they are wrong', async () => {
      const checks = await examineWith({ ttl: -1 });
      expect(flaws(checks)).toEqual({ options: 'fail' });
      expect(checks.options!.found).toMatch('option `ttl`: -1 was given');
    });

    it('need a secret, long and random', async () => {
      const { SESSION_SECRET } = process.env;
      delete process.env.SESSION_SECRET;
      try {
        expect((await examineWith({ secret: undefined })).secret).toMatchObject({
          status: 'fail',
          found: 'there is none, so the app does not start',
        });
        expect((await examineWith({ secret: [SECRET, 'short'] })).secret).toMatchObject({
          status: 'warn',
          found: 'number 2 of 2 is a secret of 5 characters',
        });
        expect((await examine()).secret).toMatchObject({ status: 'ok', found: '1 secret, long and random enough' });
        process.env.SESSION_SECRET = SECRET;
        expect((await examineWith({ secret: undefined })).secret).toMatchObject({ status: 'ok' });
      } finally {
        if (SESSION_SECRET === undefined) delete process.env.SESSION_SECRET;
        else process.env.SESSION_SECRET = SESSION_SECRET;
      }
    });

    it('need a safe cookie', async () => {
      expect((await examineWith({ cookie: { secure: false } })).cookie).toMatchObject({
        status: 'warn',
        remedy: 'Set in `cookie`: secure: true (it travels in the clear).',
      });
      expect((await examineWith({ cookie: { secure: true } })).cookie!.found).toMatch(
        /^secure: true, so that browsers send it only by https\. NODE_ENV is not production here$/,
      );
      expect((await examine()).cookie!.found).toBe('secure: auto, httpOnly: true, sameSite: lax. NODE_ENV is not production here');
    });

    it.each([{ ttl: 5 }, { ttl: 3600 }, { anonymousTtl: 600 }, { absoluteTtl: 86_400 }, { cookie: { maxAge: 1800 } }])(
      'are reported if a time looks like seconds: %j',
      async (times) => {
        const { options } = await examineWith(times);
        expect(options).toMatchObject({ status: 'warn', found: expect.stringMatching(/If seconds were meant, give \d+000$/) });
      },
    );

    it('are reported if they are unsafe in other ways', async () => {
      expect((await examineWith({ hashIds: false })).options).toMatchObject({
        status: 'warn',
        found: expect.stringMatching('`hashIds: false`'),
      });
    });
  });

  describe('encryption', () => {
    it('needs the key of each device', async () => {
      const [fresh, old] = [newKey(), newKey()];
      const sealing = await SessionsApp.start(database, { ...file.options, encryption: { keys: [fresh, old] } });
      const key = storageKeyIn(await sealing.browser());
      const text = sealDevice(
        new SessionCodec(new SmartSessionOptions({ secret: 'x', encryption: { keys: [old] } })),
        key,
        'ip_address',
        '::1',
      );
      await sealing.run(`update {table} set ip_address = '${text}', device_label = 'Phone'`);
      await sealing.app.close();
      const about = async (encryption: object | undefined) => {
        const checks = await examineWith({ encryption });
        return { sessions: checks['encrypted sessions']?.status, devices: checks['encrypted devices'] };
      };
      const lost = {
        status: 'warn',
        found: expect.stringMatching(/^1 text of devices cannot be decrypted, because the options lack the key [0-9a-f]{8}$/),
      };
      expect(await about({ keys: [fresh] })).toMatchObject({ sessions: 'ok', devices: lost });
      expect(await about({ keys: [fresh, old] })).toMatchObject({
        sessions: 'ok',
        devices: { status: 'warn', found: '1 text of devices in plain, which the options refuse' },
      });
      expect(await about({ keys: [fresh, old], readPlaintext: true })).toMatchObject({
        devices: { status: 'warn', found: '2 texts of devices in plain, or encrypted with a later key' },
      });
      expect(await about({ keys: [fresh, old], readPlaintext: true, writePlaintext: true })).toMatchObject({ sessions: 'ok' });
      const given = await OptionsFile.write(database, tableName, {
        ...file.options,
        encryption: { keys: [fresh, old], readPlaintext: true },
      });
      await given.run(['reseal']);
      await given.remove();
      expect(await about({ keys: [fresh] })).toEqual({ sessions: 'ok', devices: undefined });
    });

    it('needs the key of each session', async () => {
      const [fresh, old] = [newKey(), newKey()];
      const sealing = await SessionsApp.start(database, { ...file.options, encryption: { keys: [old] } });
      await sealing.browser();
      await sealing.app.close();
      const about = async (encryption: object | undefined) => {
        const checks = await examineWith({ encryption });
        return { encryption: checks.encryption!.status, sessions: checks['encrypted sessions'] };
      };
      expect(await about({ keys: [old] })).toMatchObject({ encryption: 'ok', sessions: { status: 'ok' } });
      expect(await about({ keys: [fresh, old] })).toMatchObject({
        encryption: 'ok',
        sessions: { status: 'warn', found: '1 session with plain data, or encrypted with a later key' },
      });
      const lost = {
        status: 'fail',
        found: expect.stringMatching(/^1 session cannot be decrypted, because the options lack the key [0-9a-f]{8}$/),
      };
      expect(await about({ keys: [fresh] })).toMatchObject({ sessions: lost });
      expect(await about(undefined)).toMatchObject({ encryption: 'ok', sessions: lost });
      expect(await about({ keys: [old], readPlaintext: true })).toMatchObject({ encryption: 'warn', sessions: { status: 'ok' } });
      await app.browser();
      expect(await about({ keys: [old] })).toMatchObject({
        sessions: { status: 'fail', found: '1 session with plain data, which the options refuse' },
      });
      expect(await about({ keys: [old], readPlaintext: true, writePlaintext: true })).toMatchObject({
        encryption: 'warn',
        sessions: { status: 'ok' },
      });
    });
  });
});

describe('the version of a server', () => {
  it.each([
    ['14.9', [15], true],
    ['15.18 (Debian 15.18-1)', [15], false],
    ['18.1', [15], false],
    ['10.6.22-MariaDB', [10, 11], true],
    ['10.11.18-MariaDB', [10, 11], false],
    ['11.8.9-MariaDB', [10, 11], false],
    ['8.4.0', [9, 7], true],
    ['9', [9, 7], true],
    ['3.50.4', [], false],
  ] as const)('%s is older than %j: %s', (version, tested, expected) => {
    expect(isOlder(version, tested)).toBe(expected);
  });
});
