import { Logger } from '@nestjs/common';
import {
  EntityCaseNamingStrategy,
  EntitySchema,
  MikroORM,
  MongoNamingStrategy,
  UnderscoreNamingStrategy,
  type MetadataStorage,
  type Options,
} from '@mikro-orm/sql';
import {
  EntityManagerSessionRepository,
  SessionEntity,
  SmartSessionOptions,
  SqlSessionRepository,
  StatementRunner,
  defineSessionEntity,
  defineSessionLeaseEntity,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { qualifiedName } from '../../src/dialects/qualified-name.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { CONNECTIONS, DATABASES, ONE_PER_SERVER, connectionOptions } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { dropTables } from '../support/drop-tables.js';
import { createDatabase, dropDatabase, ownDatabase } from '../support/scratch-database.js';
import { tourSessions } from '../support/sessions-tour.js';

const REPOSITORIES = [SqlSessionRepository, EntityManagerSessionRepository];

class CapitalNamingStrategy extends UnderscoreNamingStrategy {
  override classToTableName(name: string): string {
    return super.classToTableName(name).toUpperCase();
  }
  override propertyToColumnName(name: string): string {
    return super.propertyToColumnName(name).toUpperCase();
  }
}

class PrefixNamingStrategy extends UnderscoreNamingStrategy {
  override classToTableName(name: string): string {
    return `shop_${super.classToTableName(name)}`;
  }
  override propertyToColumnName(name: string): string {
    return `c_${super.propertyToColumnName(name)}`;
  }
  override indexName(table: string, columns: string[], type: 'primary' | 'foreign' | 'unique' | 'index' | 'sequence' | 'check'): string {
    return `x_${super.indexName(table, columns, type)}`;
  }
}

const STRATEGIES = { UnderscoreNamingStrategy, EntityCaseNamingStrategy, MongoNamingStrategy, CapitalNamingStrategy, PrefixNamingStrategy };
const STRATEGY_CASES = DATABASES.flatMap((database) =>
  (database === 'sqlite' ? Object.entries(STRATEGIES) : Object.entries(STRATEGIES).slice(-1)).map(([name, namingStrategy]) => ({
    database,
    name,
    namingStrategy,
  })),
);

beforeAll(() => Logger.overrideLogger(false));

describe('the table of an app with a naming strategy of its own', () => {
  const check = async ({ database, namingStrategy }: (typeof STRATEGY_CASES)[number]) => {
    const tableName = `named_${database}`;
    const entities = [defineSessionEntity({ tableName }), defineSessionLeaseEntity({ tableName })];
    const orm = await MikroORM.init(connectionOptions(database, { entities, namingStrategy }));
    const drop = () => dropTables(database, new StatementRunner(() => orm.em.getConnection()).run, tableName);
    try {
      await drop();
      await orm.schema.update({ safe: true, dropTables: false });
      for (const Repository of REPOSITORIES) {
        const context = await openDatabase(new SmartSessionOptions({ secret: 'test', tableName, repository: Repository }), orm);
        expect(context.layout).toBe(2);
        await tourSessions(context, new Repository(context));
      }
    } finally {
      await drop();
      await orm.close();
    }
  };

  it.each(STRATEGY_CASES)('$name on $database', check);
});

/** The schemas of each test, other databases on MySQL and MariaDB. */
const [CONFIGURED, OF_ENTITY] = ['sessions_configured', 'sessions_of_entity'];

interface Place {
  readonly name: string;
  /** Of MikroORM. */
  readonly schema?: string;
  readonly entity: { readonly schema?: string };
  readonly option?: string;
  /** Where the table must be. */
  readonly expected: string;
}

const PLACES: readonly Place[] = [
  { name: "MikroORM's `schema`", schema: CONFIGURED, entity: {}, expected: CONFIGURED },
  { name: "the entity's, before MikroORM's", schema: CONFIGURED, entity: { schema: OF_ENTITY }, expected: OF_ENTITY },
  { name: "the entity's", entity: { schema: OF_ENTITY }, expected: OF_ENTITY },
  {
    name: "the option's, which is also the entity's",
    schema: CONFIGURED,
    entity: { schema: OF_ENTITY },
    option: OF_ENTITY,
    expected: OF_ENTITY,
  },
  { name: "the option's, which is also MikroORM's", schema: CONFIGURED, entity: {}, option: CONFIGURED, expected: CONFIGURED },
];

describeEach(ONE_PER_SERVER.filter((name) => name !== 'sqlite'))('the schema of the table, on %s', (database) => {
  const dialect = DIALECTS[database];
  const tableName = `placed_${database}`;
  const schemas = [CONFIGURED, OF_ENTITY];
  // MySQL and MariaDB call a schema a database.
  const own = database === 'postgresql' ? ownDatabase(database, tableName) : {};

  beforeAll(async () => {
    for (const schema of schemas) await createSchema(schema);
  });
  afterAll(async () => {
    if (database !== 'postgresql') for (const schema of schemas) await dropSchema(schema);
  });

  async function createSchema(schema: string): Promise<void> {
    await dropSchema(schema);
    if (database === 'postgresql') await execute(`create schema ${schema}`);
    else await createDatabase(database, schema);
  }

  async function dropSchema(schema: string): Promise<void> {
    if (database === 'postgresql') await execute(`drop schema if exists ${schema} cascade`);
    else await dropDatabase(database, schema);
  }

  async function execute(sql: string): Promise<void> {
    const orm = await MikroORM.init(connectionOptions(database, own));
    await orm.schema.execute(sql);
    await orm.close();
  }

  it.each(PLACES)(
    'is $name: by createTable as by the schema generator, in both repositories',
    async ({ schema, entity, option, expected }) => {
      const orm = await MikroORM.init(
        connectionOptions(database, {
          ...own,
          entities: [defineSessionEntity({ tableName, ...entity }), defineSessionLeaseEntity({ tableName, ...entity })],
          ...(schema === undefined ? {} : { schema }),
        }),
      );
      const table = qualifiedName(dialect.quote, tableName, expected);
      try {
        for (const makeTable of [() => orm.schema.create(), undefined]) {
          await makeTable?.();
          for (const Repository of REPOSITORIES) {
            const given: SmartSessionModuleOptions = {
              secret: 'test',
              tableName,
              repository: Repository,
              createTable: !makeTable,
              ...(option === undefined ? {} : { schema: option }),
            };
            const context = await openDatabase(new SmartSessionOptions(given), orm);
            await tourSessions(context, new Repository(context));
            expect((await context.runner.run(`select session_id from ${table}`)).rows).toEqual([{ session_id: 'own' }]);
          }
          // On MySQL and MariaDB MikroORM looks for tables in the connection's own database only.
          const changes = database === 'postgresql' ? await orm.schema.getUpdateSchemaSQL({ safe: true, dropTables: false }) : '';
          expect(changes.split('\n').filter((line) => line.includes(tableName))).toEqual([]);
          await dropTables(database, new StatementRunner(() => orm.em.getConnection()).run, tableName, expected);
        }
      } finally {
        await orm.close();
      }
    },
  );
});

describe('the entity of the table', () => {
  it('stands beside an entity of the app with the name Session, and beside those of other session tables', async () => {
    const AppSession = new EntitySchema({
      name: 'Session',
      tableName: 'training_sessions',
      properties: { id: { type: 'integer', primary: true } },
    });
    const others = [
      defineSessionEntity({ tableName: 'admin_sessions' }),
      defineSessionEntity({ tableName: 'web-sessions' }),
      defineSessionEntity({ tableName: 'web_sessions' }),
      defineSessionEntity({ schema: 'main', tableName: 'web_sessions' }),
      defineSessionEntity({ tableName: 'a', name: 'Visit' }),
    ];
    const orm = await MikroORM.init(connectionOptions('sqlite', { entities: [AppSession, SessionEntity, ...others] }));
    const names = [...(orm.getMetadata() as MetadataStorage)].map(({ className }) => className);
    await orm.close();
    expect(names).toContain('Session');
    expect(names).toContain('Visit');
    expect(new Set(names).size).toBe(7);
    expect(names.filter((name) => !/^[\w$]+$/.test(name))).toEqual([]);
  });

  it('whose columns have other names is refused by name', async () => {
    const foreign = new EntitySchema({
      name: 'Foreign',
      tableName: 'foreign_sessions',
      properties: {
        sessionId: { type: 'string', primary: true },
        data: { type: 'text', fieldName: 'payload' },
        lockVersion: { type: 'integer', version: true },
      },
    });
    const orm = await MikroORM.init(connectionOptions('sqlite', { entities: [foreign] } as Partial<Options>));
    const options = new SmartSessionOptions({ secret: 'test', tableName: 'foreign_sessions', createTable: true });
    const context = await openDatabase(options, orm);
    expect(() => new EntityManagerSessionRepository(context)).toThrow(/Foreign.*`data`/);
    await orm.close();
  });
});

describe.each(DATABASES)("the schema generator of the app's MikroORM, on %s", (database) => {
  const tableName = `generated_${database}`;
  const [entity, leaseEntity] = [defineSessionEntity({ tableName }), defineSessionLeaseEntity({ tableName })];
  const leases = `${tableName}_leases`;
  const warningOf = (table: string, define: string) =>
    `MikroORM's configuration has no entity for the table "${table}": \`schema.update()\` and \`migration:create\` would drop it. ` +
    `Add \`${define}({ tableName: '${tableName}' })\` to its \`entities\`, or "${table}" to its \`schemaGenerator.skipTables\`.`;
  const WARNING = warningOf(tableName, 'defineSessionEntity');
  const LEASE_WARNING = warningOf(leases, 'defineSessionLeaseEntity');

  const own = ownDatabase(database, tableName);

  it.each([
    { name: 'drops tables that it does not know, and the start warns of it', options: {}, warnings: [WARNING, LEASE_WARNING] },
    { name: 'drops the table of leases that it does not know', options: { entities: [entity] }, warnings: [LEASE_WARNING] },
    { name: 'drops the sessions table that it does not know', options: { entities: [leaseEntity] }, warnings: [WARNING] },
    { name: 'keeps the tables of its entities', options: { entities: [entity, leaseEntity] }, warnings: [] },
    {
      name: 'keeps tables that it skips',
      options: { schemaGenerator: { skipTables: ['other', tableName.toUpperCase(), leases] } },
      warnings: [],
    },
    { name: 'keeps a table that it skips by a pattern', options: { schemaGenerator: { skipTables: [/^generated_/] } }, warnings: [] },
  ])('$name', async ({ options, warnings }) => {
    const orm = await MikroORM.init(connectionOptions(database, { ...own, ...options }));
    try {
      const context = await openDatabase(new SmartSessionOptions({ secret: 'test', tableName, createTable: true }), orm);
      const changes = await orm.schema.getUpdateSchemaSQL();
      const isDropped = (table: string) => changes.split('\n').some((line) => new RegExp(`^drop table .*\\b${table}\\b`).test(line));
      expect([context.warnings, isDropped(tableName), isDropped(leases)]).toEqual([
        warnings,
        (warnings as string[]).includes(WARNING),
        (warnings as string[]).includes(LEASE_WARNING),
      ]);
      await dropTables(database, context.runner.run, tableName);
    } finally {
      await orm.close();
    }
  });

  it('is warned of where the sessions have a connection of their own to the same database, and not to another', async () => {
    const orm = await MikroORM.init(connectionOptions(database));
    const { driver: _, ...connection } = CONNECTIONS[database];
    const context = await openDatabase(
      new SmartSessionOptions({ secret: 'test', dialect: database, connection, tableName, createTable: true }),
      orm,
    );
    // Each database in memory is one of its own.
    expect(context.warnings).toEqual(database === 'sqlite' ? [] : [WARNING, LEASE_WARNING]);
    await dropTables(database, context.runner.run, tableName);
    await context.close();
    await orm.close();
  });
});
