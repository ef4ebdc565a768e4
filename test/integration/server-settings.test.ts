import { setImmediate } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { once, type EventEmitter } from 'node:events';
import { Logger } from '@nestjs/common';
import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import {
  EntityManagerSessionRepository,
  SmartSessionOptions,
  SqlSessionRepository,
  StatementRunner,
  defineSessionEntity,
  type DatabaseContext,
  type RunStatement,
} from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { CONNECTIONS, DATABASES, IS_MYSQL, ONE_PER_SERVER, connectionOptions } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { dropTables } from '../support/drop-tables.js';
import { onDatabase } from '../support/own-server.js';
import { dropDatabase } from '../support/scratch-database.js';
import { serviceOver } from '../support/service-over.js';
import { tourSessions } from '../support/sessions-tour.js';

const REPOSITORIES = [SqlSessionRepository, EntityManagerSessionRepository];

/** Settings of a server, by which a connection would lose sessions or let their texts run as SQL. */
const UNSAFE = [
  "sql_mode = 'NO_BACKSLASH_ESCAPES', autocommit = 0",
  // Only MariaDB has Oracle's mode.
  `sql_mode = '${IS_MYSQL ? 'ANSI' : 'ORACLE'}', completion_type = 1`,
  'completion_type = 2, sql_select_limit = 1, sql_safe_updates = 1',
];

/** Settings that the app itself may change on a connection of the pool. */
const SET_BY_APP = ["sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,NO_ZERO_DATE'", 'autocommit = 0'];

/** Settings under which the start is refused, by what the error says of them. */
const REFUSED = {
  mysql: {
    'character_set_client = latin1': '`character_set_client` is latin1',
    'character_set_connection = utf8mb3': '`character_set_connection` is utf8',
    'character_set_results = latin1': '`character_set_results` is latin1',
  },
  postgresql: { 'client_encoding = LATIN1': '`client_encoding` is LATIN1' },
} as const;

const DIALECTS = DATABASES.filter((database) => database !== 'sqlite');

beforeAll(() => Logger.overrideLogger(false));

describeEach(DIALECTS)('a server whose settings would lose sessions, %s', (database) => {
  const isPostgresql = database === 'postgresql';
  const tableName = `settings_of_${database}`;
  const options = new SmartSessionOptions({ secret: 'test', tableName, createTable: true, timeout: 2000 });

  let orm: MikroORM;
  let pool: EventEmitter;
  let current: Connection;
  let context: DatabaseContext;
  /** Settings that the server gives each new connection. */
  let setting: string | undefined;

  beforeAll(async () => {
    orm = await MikroORM.init(connectionOptions(database, { entities: [defineSessionEntity({ tableName })], pool: { min: 0, max: 1 } }));
    pool = (await (orm.em.getConnection() as AbstractSqlConnection).getNativeClient()) as unknown as EventEmitter;
    pool.on('acquire', (connection: Connection) => void (current = connection));
    pool.on(isPostgresql ? 'connect' : 'connection', (connection: Connection) => void (setting && connection.query(`set ${setting}`)));
    context = await openDatabase(options, orm);
  });
  afterEach(() => under(undefined));
  afterAll(async () => {
    await dropTables(database, context.runner.run, tableName);
    await orm.close();
  });

  /** Lets the pool open a connection that the server sets so. */
  async function under(given: string | undefined): Promise<void> {
    setting = given;
    if (isPostgresql)
      await Promise.all([once(pool, 'remove'), context.runner.run('select pg_terminate_backend(pg_backend_pid())').catch(() => undefined)]);
    else current.destroy();
  }

  async function storesSessions(): Promise<void> {
    for (const Repository of REPOSITORIES) {
      const repository = new Repository(context);
      await tourSessions(context, repository);
      await repository.insert('last', {
        data: '{}',
        commitId: 'c',
        userId: null,
        maxAge: null,
        lifetime: { ms: 60_000, slack: 0, explicit: false },
      });
      const { rows } = await onDatabase(database, {}, (run) => run(`select session_id from ${tableName} order by session_id`));
      expect(rows).toEqual([{ session_id: 'last' }, { session_id: 'own' }]);
    }
  }

  if (!isPostgresql && ONE_PER_SERVER.includes(database)) {
    it.each(UNSAFE)('is set otherwise on each connection: %s', async (given) => {
      await under(given);
      await storesSessions();
    });

    it.each(SET_BY_APP)('is set otherwise again after the app has set it: %s', async (given) => {
      await context.runner.run(`set ${given}`);
      await storesSessions();
    });
  }

  it.each(Object.entries(REFUSED[isPostgresql ? 'postgresql' : 'mysql']))('is refused at start, and later: %s', async (given, found) => {
    await under(given);
    expect(await reasonOf(openDatabase(options, orm))).toEqual(['SessionDatabaseError', expect.stringContaining(found)]);
    for (const Repository of REPOSITORIES) {
      expect(await reasonOf(serviceOver(new Repository(context)).sessions.load('some'))).toEqual([
        'SessionUnavailableError',
        expect.stringContaining(found),
      ]);
    }
    await under(undefined);
    expect(await serviceOver(new SqlSessionRepository(context)).sessions.load('some')).toBeUndefined();
  });
});

/** Node closes the handles of sockets at the end of a turn, after the immediates. */
async function socketsClosed(): Promise<void> {
  await setImmediate();
  await setImmediate();
}

/** Errors of a server that only reads, or that has left its cluster. After a failover, connections that were open before get them. */
const REFUSES_WRITES = {
  mysql: [1047, 1290, 1792, 1836, 3100].map((errno) => `signal sqlstate 'HY000' set mysql_errno = ${errno}`),
  postgresql: ["do $$ begin raise sqlstate '25006'; end $$"],
};

describeEach(DIALECTS)('connections to %s whose server refuses writes', (database) => {
  const tableName = `read_only_${database}`;
  let orm: MikroORM;
  let runner: StatementRunner;
  let run: RunStatement;

  beforeEach(async () => {
    orm = await MikroORM.init(connectionOptions(database, { pool: { min: 0, max: 2 } }));
    ({ runner } = await openDatabase(new SmartSessionOptions({ secret: 'test', tableName, createTable: true }), orm));
    ({ run } = runner);
  });
  afterEach(async () => {
    await dropTables(database, run, tableName);
    await orm.close();
  });

  const answers = REFUSES_WRITES[database === 'postgresql' ? 'postgresql' : 'mysql'];
  const idOf = async (runOn: RunStatement) =>
    (await runOn(`select ${database === 'postgresql' ? 'pg_backend_pid()' : 'connection_id()'} as id`)).rows[0]!.id;
  /** Uses both connections of the pool at the same time. */
  const idsOfBoth = (during = async (_other: RunStatement) => {}) =>
    runner.onOneConnection((one) =>
      runner.onOneConnection(async (other) => {
        const ids = [await idOf(one), await idOf(other)];
        await during(other);
        return ids;
      }),
    );

  it.each(answers)('are closed after the answer, also those that are idle: %s', async (answer) => {
    const before = await idsOfBoth();
    await expect(run('select nonsense')).rejects.toThrow();
    expect((await idsOfBoth()).toSorted()).toEqual(before.toSorted());
    await expect(run(answer)).rejects.toThrow();
    await socketsClosed();
    expect((await idsOfBoth()).filter((id) => before.includes(id))).toEqual([]);
  });

  it.each(answers)('are closed when they are free again, if they are in use: %s', async (answer) => {
    const before = await idsOfBoth(async (other) => {
      await expect(other(answer)).rejects.toThrow();
    });
    expect((await idsOfBoth()).filter((id) => before.includes(id))).toEqual([]);
  });
});

const TABLES = [
  // The key of user_id is too long for this engine.
  ['modify user_id varchar(200), engine = MyISAM', '`engine` is MyISAM'],
  ['modify data longtext character set latin1 not null', '`character_set_of_data` is latin1'],
  ['modify user_id varchar(255) character set utf8mb3', '`character_set_of_user_id` is utf8'],
] as const;

describeEach(ONE_PER_SERVER.filter((database) => database === 'mysql' || database === 'mariadb'))(
  'a table that would lose sessions, on %s',
  (database) => {
    const tableName = 'unfit_table';
    const options = new SmartSessionOptions({ secret: 'test', tableName, createTable: true });
    let orm: MikroORM;
    let run: RunStatement;

    beforeAll(async () => {
      orm = await MikroORM.init(connectionOptions(database, { pool: { min: 0, max: 1 } }));
      ({ run } = new StatementRunner(() => orm.em.getConnection()));
    });
    afterEach(() => dropTables(database, run, tableName));
    afterAll(() => orm.close());

    it('is not made where other engines are the default', async () => {
      await run('set default_storage_engine = MyISAM, character_set_database = latin1');
      await openDatabase(options, orm);
    });

    it.each(TABLES)('is refused: %s', async (change, found) => {
      await openDatabase(options, orm);
      await run(`alter table ${tableName} ${change}`);
      expect(await reasonOf(openDatabase(options, orm))).toEqual(['SessionDatabaseError', expect.stringContaining(found)]);
    });
  },
);

(DATABASES.includes('postgresql') ? describe : describe.skip)('a database of another encoding, on postgresql', () => {
  const dbName = `latin1_${randomBytes(4).toString('hex')}`;

  beforeAll(() => onDatabase('postgresql', {}, (run) => run(`create database ${dbName} encoding 'LATIN1' locale 'C' template template0`)));
  afterAll(() => dropDatabase('postgresql', dbName));

  it('is refused', async () => {
    const orm = await MikroORM.init(connectionOptions('postgresql', { dbName }));
    const opened = openDatabase(new SmartSessionOptions({ secret: 'test', createTable: true }), orm);
    expect(await reasonOf(opened)).toEqual(['SessionDatabaseError', expect.stringContaining('`server_encoding` is LATIN1')]);
    await orm.close();
  });
});

interface Connection {
  query(sql: string): unknown;
  destroy(): void;
}

async function reasonOf(promise: Promise<unknown>): Promise<[string, string] | undefined> {
  const reason = await promise.then(
    () => undefined,
    (error: Error) => error,
  );
  return reason && [reason.name, reason.message];
}

describeEach(DIALECTS)('a database that does not exist, on %s', (database) => {
  const dbName = `no_such_${randomBytes(4).toString('hex')}`;
  const { driver: _, ...server } = CONNECTIONS[database];
  const isMade = () =>
    onDatabase(
      database,
      {},
      async (run) =>
        (
          await run(
            `select 1 from ${database === 'postgresql' ? 'pg_database where datname' : 'information_schema.schemata where schema_name'} = '${dbName}'`,
          )
        ).rows.length > 0,
    );

  afterAll(() => dropDatabase(database, dbName));

  it('ends the start, and is not made, where the sessions have a connection of their own', async () => {
    const options = new SmartSessionOptions({ secret: 'test', dialect: database, connection: { ...server, dbName }, createTable: true });
    const opened = openDatabase(options, undefined);
    const closed = opened.then(
      ({ orm }) => orm!.close(),
      () => undefined,
    );
    await expect(opened).rejects.toMatchObject({ name: 'SmartSessionConfigError', option: 'connection' });
    expect(await isMade()).toBe(false);
    await closed;
  });
});

describeEach(DIALECTS)('a missing database on %s, which several processes make at once', (database) => {
  const dbName = `made_${randomBytes(4).toString('hex')}`;

  afterAll(() => dropDatabase(database, dbName));

  it("is made by one, and used by all, where it is that of the app's MikroORM", async () => {
    const orms = await Promise.all([1, 2, 3].map(() => MikroORM.init(connectionOptions(database, { dbName }))));
    try {
      const contexts = await Promise.all(
        orms.map((orm) => openDatabase(new SmartSessionOptions({ secret: 'test', createTable: true }), orm)),
      );
      const requirements = contexts.map(({ runner, dialect }) => runner.run(dialect.connectionRequirements!.sql));
      expect((await Promise.all(requirements)).map(({ rows }) => rows[0]!.current_database)).toEqual([dbName, dbName, dbName]);
    } finally {
      await Promise.all(orms.map((orm) => orm.close()));
    }
  });
});

(DATABASES.includes('postgresql') ? describe : describe.skip)("a database that the app's MikroORM cannot make, on postgresql", () => {
  const dbName = `no_such_${randomBytes(4).toString('hex')}`;
  const user = `maker_${randomBytes(4).toString('hex')}`;

  beforeAll(() => onDatabase('postgresql', {}, (run) => run(`create role ${user} login`)));
  afterAll(() => onDatabase('postgresql', {}, (run) => run(`drop role ${user}`)));

  it('ends each start, and no session goes to the database that MikroORM is connected to instead', async () => {
    const orm = await MikroORM.init(connectionOptions('postgresql', { dbName, user }));
    try {
      for (let start = 0; start < 2; start++) {
        const opened = openDatabase(new SmartSessionOptions({ secret: 'test', tableName: 'astray', createTable: true }), orm);
        await expect(opened).rejects.toMatchObject({ name: 'SmartSessionConfigError', option: 'connection' });
      }
    } finally {
      await orm.close();
    }
  });
});
