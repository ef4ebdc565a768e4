import { DIALECTS } from '../../dialects/index.js';
import { leaseTableOf } from '../../dialects/table-layout.js';
import { DEFAULT_TABLE } from '../../options/option-table.js';
import { literalOf } from '../migration/migration-format.js';
import type { App } from './app.js';
import type { Choices } from './choices.js';
import type { ConnectionWay } from './connection-way.js';
import type { Snippet } from './snippet.js';

/** The lines for the app's module. */
interface ModuleLines {
  readonly imports: readonly string[];
  readonly registration: readonly string[];
  /** The meaning of a name in the lines, as sentences. */
  readonly notes?: readonly string[];
}

/** Returns the lines for the module of the app. */
export function moduleSnippets(app: App, choices: Choices, way: ConnectionWay): readonly Snippet[] {
  const { imports, registration } = linesOf(app, choices, way);
  const path = `${app.files.sources}app.module.ts`;
  return [
    {
      title: `Import in ${path}`,
      lines: [
        ...(app.platform === 'Fastify' ? ["import 'nestjs-smart-session/fastify';"] : []),
        ...imports,
        `import './session-data${extensionIn(app)}';`,
      ],
    },
    { title: `Add to the list \`imports\` of @Module in ${path}`, lines: registration },
    ...(way === 'orm' && !isNewOnMikroOrm(app, choices) ? [mikroOrmSnippet(choices)] : []),
  ];
}

/** Returns what the names in the lines stand for, as sentences. */
export function moduleNotes(app: App, choices: Choices, way: ConnectionWay): readonly string[] {
  return linesOf(app, choices, way).notes ?? [];
}

/** Returns the file that declares the type of the session. */
export function sessionTypeSnippet({ files }: App, { userKey }: Choices): Snippet {
  return {
    title: `Create ${files.sources}session-data.ts, or add to your own declaration`,
    lines: [
      "import 'express-session';",
      '',
      "declare module 'express-session' {",
      '  interface SessionData {',
      '    // Or string, as the ids of your users are.',
      `    ${declaredKey(userKey)};`,
      '  }',
      '}',
    ],
  };
}

/** Returns the options that are the same in each app, as properties. */
export function commonOptions({ userKey, tableName, schema, migration }: Choices): readonly string[] {
  return [
    `userId: ${isPath(userKey) ? `(session) => session.${userKey.split('.').join('?.')}` : literalOf(userKey)},`,
    ...(tableName === undefined ? [] : [`tableName: ${literalOf(tableName)},`]),
    ...(schema === undefined ? [] : [`schema: ${literalOf(schema)},`]),
    ...(migration === undefined ? ['createTable: true,'] : []),
  ];
}

/** Whether an answer such as `user.id` names a property of an object in the session. */
function isPath(userKey: string): boolean {
  const names = userKey.split('.');
  return names.length > 1 && names.every(isIdentifier);
}

function isIdentifier(name: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);
}

/** Returns the declaration of the user's id in the session. */
function declaredKey(userKey: string): string {
  if (!isPath(userKey)) return `${isIdentifier(userKey) ? userKey : literalOf(userKey)}?: number`;
  return userKey.split('.').reduceRight((type, name) => `${name}?: ${type === '' ? 'number' : `{ ${type} }`}`, '');
}

const MODULE = "import { SmartSessionModule } from 'nestjs-smart-session';";

function linesOf(app: App, choices: Choices, way: ConnectionWay): ModuleLines {
  if (way === 'orm') return isNewOnMikroOrm(app, choices) ? onNewMikroOrm(app, choices) : onMikroOrm(choices);
  return way === 'client' ? CLIENTS[app.orm!.name]!(choices, extensionIn(app)) : onConnection(app, choices);
}

/** Whether the app has MikroORM's packages and does not use them yet. */
export function isNewOnMikroOrm({ files, orm, packages }: App, { migration }: Pick<Choices, 'migration'>): boolean {
  const isConfigured = files.hasMikroOrmModule || files.hasMikroOrmConfig || packages.namesMikroOrmConfig;
  return orm?.name === 'MikroORM' && migration === undefined && !isConfigured;
}

/** The file of the database of an app that is new. */
export const NEW_SQLITE_FILE = 'app.sqlite';

function onNewMikroOrm({ packages }: App, choices: Choices): ModuleLines {
  const { dialect } = choices;
  const { drivers } = DIALECTS[dialect];
  const { name, driver } = drivers.find((each) => packages.has(each.name)) ?? drivers[0]!;
  const { names, entities } = entitiesFor(choices);
  return {
    imports: [
      "import { MikroOrmModule } from '@mikro-orm/nestjs';",
      `import { ${driver} } from '${name}';`,
      `import { ${[...names, 'SmartSessionModule'].toSorted().join(', ')} } from 'nestjs-smart-session';`,
    ],
    registration: [
      'MikroOrmModule.forRoot({',
      `  driver: ${driver},`,
      dialect === 'sqlite' ? `  dbName: '${NEW_SQLITE_FILE}',` : '  clientUrl: process.env.DATABASE_URL!,',
      `  entities: [${entities.join(', ')}],`,
      '}),',
      ...onMikroOrm(choices).registration,
    ],
  };
}

function onMikroOrm(choices: Choices): ModuleLines {
  const { dialect } = choices;
  return {
    imports: [MODULE],
    registration: [`SmartSessionModule.forRoot('${dialect}', {`, ...indented(commonOptions(choices)), '}),'],
  };
}

/** MikroORM's schema commands would drop tables without an entity. With a migration of init, entities would create them again. */
function mikroOrmSnippet(choices: Choices): Snippet {
  const { migration, tableName } = choices;
  const table = tableName ?? DEFAULT_TABLE;
  if (migration !== undefined)
    return {
      title: "Add to MikroORM's options, so that its schema commands leave the two tables alone",
      lines: [`schemaGenerator: { skipTables: [${literalOf(table)}, ${literalOf(leaseTableOf(table))}] },`],
    };
  const { names, entities } = entitiesFor(choices);
  return {
    title: "Add to MikroORM's options beside your entities, so that its schema commands keep the two tables",
    lines: [`import { ${names.join(', ')} } from 'nestjs-smart-session';`, '', `entities: [${entities.join(', ')}],`],
  };
}

/** Returns the entities of the two tables, and what to import for them. */
function entitiesFor({ tableName, schema }: Choices): { readonly names: readonly string[]; readonly entities: readonly string[] } {
  const located = [
    ...(tableName === undefined ? [] : [`tableName: ${literalOf(tableName)}`]),
    ...(schema === undefined ? [] : [`schema: ${literalOf(schema)}`]),
  ];
  const isDefault = located.length === 0;
  const names = isDefault ? ['SessionEntity', 'SessionLeaseEntity'] : ['defineSessionEntity', 'defineSessionLeaseEntity'];
  const entities = names.map((name) => (isDefault ? name : `${name}({ ${located.join(', ')} })`));
  return { names, entities };
}

/** @param extension the extension of the app's own modules in an import */
type ClientLines = (choices: Choices, extension: string) => ModuleLines;

const CLIENTS: Readonly<Record<string, ClientLines>> = {
  TypeORM(choices) {
    const { type, file, pool } =
      choices.dialect === 'postgresql'
        ? { type: 'PostgresDriver', file: 'postgres/PostgresDriver', pool: 'master' }
        : { type: 'MysqlDriver', file: 'mysql/MysqlDriver', pool: 'pool' };
    return {
      imports: [MODULE, "import { DataSource } from 'typeorm';", `import type { ${type} } from 'typeorm/driver/${file}.js';`],
      registration: onClient(choices, [], 'DataSource', '{ driver }: DataSource', `(driver as ${type}).${pool}`),
    };
  },

  Prisma: (choices, extension) => ({
    imports: [MODULE, "import { Pool } from 'pg';", `import { DatabaseModule } from './database.module${extension}';`],
    registration: onClient(choices, ['DatabaseModule'], 'Pool', 'pool: Pool', 'pool'),
    notes: [
      'DatabaseModule stands for the module of your app that exports the Pool of the driver adapter.',
      `Prisma drops tables without a model, so name them as external tables: ${pageOf('recipes/prisma.md')}.`,
    ],
  }),

  Drizzle: (choices, extension) => ({
    imports: [MODULE, `import { DATABASE, DatabaseModule, type Database } from './database.module${extension}';`],
    registration: onClient(choices, ['DatabaseModule'], 'DATABASE', 'database: Database', 'database.$client'),
    notes: [
      `DatabaseModule stands for the module of your app that exports its Drizzle database, DATABASE for the token, and Database for the type: ${pageOf('recipes/drizzle.md')}.`,
    ],
  }),

  Knex: (choices, extension) => ({
    imports: [MODULE, "import type { Knex } from 'knex';", `import { DatabaseModule, KNEX } from './database.module${extension}';`],
    registration: onClient(choices, ['DatabaseModule'], 'KNEX', 'knex: Knex', 'knex'),
    notes: ['DatabaseModule stands for the module of your app that exports its Knex instance, and KNEX for the token.'],
  }),
};

function onClient(choices: Choices, modules: readonly string[], token: string, parameter: string, client: string): readonly string[] {
  return [
    'SmartSessionModule.forRootAsync({',
    ...(modules.length === 0 ? [] : [`  imports: [${modules.join(', ')}],`]),
    `  inject: [${token}],`,
    `  useFactory: (${parameter}) => ({`,
    ...indented(indented([`dialect: '${choices.dialect}',`, `client: ${client},`, ...commonOptions(choices)])),
    '  }),',
    '}),',
  ];
}

function onConnection({ packages }: App, choices: Choices): ModuleLines {
  const { dialect } = choices;
  const hasConfig = packages.has('@nestjs/config');
  const variable = (name: string) => (hasConfig ? `config.getOrThrow<string>('${name}')` : `process.env.${name}!`);
  const connection = dialect === 'sqlite' ? "{ dbName: 'sessions.sqlite' }" : `{ clientUrl: ${variable('DATABASE_URL')} }`;
  const options = [
    `dialect: '${dialect}',`,
    `connection: ${connection},`,
    ...(hasConfig ? [`secret: ${variable('SESSION_SECRET')},`] : []),
    ...commonOptions(choices),
  ];
  return {
    imports: [...(hasConfig ? ["import { ConfigModule, ConfigService } from '@nestjs/config';"] : []), MODULE],
    registration: [
      'SmartSessionModule.forRootAsync({',
      ...(hasConfig ? ['  imports: [ConfigModule],', '  inject: [ConfigService],'] : []),
      `  useFactory: (${hasConfig ? 'config: ConfigService' : ''}) => ({`,
      ...indented(indented(options)),
      '  }),',
      '}),',
    ],
  };
}

/** An ES module names the file that it imports. */
function extensionIn({ packages }: App): string {
  return packages.isEsModule ? '.js' : '';
}

/** Returns the path of a page of the documentation. The package contains it. */
export function pageOf(name: string): string {
  return `node_modules/nestjs-smart-session/docs/${name}`;
}

/** Returns lines with two more spaces. */
export function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
