import type { DialectName } from '../../shared/dialect-name.js';
import { PROGRAM } from '../program.js';
import type { App } from './app.js';
import type { Choices } from './choices.js';
import { OPTIONS_FILE } from '../settings.js';
import type { ConnectionWay } from './connection-way.js';
import { NEW_SQLITE_FILE, commonOptions, indented, isNewOnMikroOrm } from './module-lines.js';
import type { Snippet } from './snippet.js';

/** How the command line finds the database of the app. */
export interface DoctorLines {
  /** The options for the command line; undefined if MikroORM's configuration is enough. */
  readonly snippet: Snippet | undefined;
  readonly command: string;
}

/** Returns how to run `doctor` in this app. */
export function doctorLines(app: App, choices: Choices, way: ConnectionWay, readsEnvFile: boolean): DoctorLines {
  const { hasMikroOrmConfig } = app.files;
  if (way === 'orm' && (hasMikroOrmConfig || app.packages.namesMikroOrmConfig))
    return { snippet: undefined, command: `npx ${PROGRAM} doctor` };
  return {
    snippet: {
      title: `Create ${OPTIONS_FILE} for npx ${PROGRAM}. The app does not import it`,
      lines: optionsModule(app, choices, way, readsEnvFile),
    },
    command: `npx ${PROGRAM} doctor --options ${OPTIONS_FILE}`,
  };
}

function optionsModule(app: App, choices: Choices, way: ConnectionWay, readsEnvFile: boolean): readonly string[] {
  const { imported, option } =
    way === 'client'
      ? clientOf(app, choices.dialect)
      : { imported: [], option: connectionOf(choices.dialect, isNewOnMikroOrm(app, choices) ? NEW_SQLITE_FILE : 'sessions.sqlite') };
  return [
    ...(readsEnvFile ? ["import { existsSync } from 'node:fs';"] : []),
    ...imported,
    // A server may have the variables without the file.
    ...(readsEnvFile ? ["if (existsSync('.env')) process.loadEnvFile();"] : []),
    'export default {',
    ...indented([`dialect: '${choices.dialect}',`, option, ...commonOptions(choices)]),
    '};',
  ];
}

function connectionOf(dialect: DialectName, sqliteFile: string): string {
  return dialect === 'sqlite' ? `connection: { dbName: '${sqliteFile}' },` : 'connection: { clientUrl: process.env.DATABASE_URL },';
}

interface Client {
  readonly imported: readonly string[];
  readonly option: string;
}

function clientOf({ orm, packages }: App, dialect: DialectName): Client {
  if (orm?.name === 'Knex') return knexOf(dialect, packages.has('better-sqlite3'));
  if (dialect === 'postgresql')
    return { imported: ["import pg from 'pg';"], option: 'client: new pg.Pool({ connectionString: process.env.DATABASE_URL }),' };
  if (dialect === 'sqlite')
    return { imported: ["import Database from 'better-sqlite3';"], option: 'client: new Database(process.env.SQLITE_FILE),' };
  return { imported: ["import { createPool } from 'mysql2';"], option: 'client: createPool(process.env.DATABASE_URL),' };
}

function knexOf(dialect: DialectName, hasBetterSqlite: boolean): Client {
  const imported = ["import knex from 'knex';"];
  if (dialect === 'sqlite')
    return {
      imported,
      option: `client: knex({ client: '${hasBetterSqlite ? 'better-sqlite3' : 'sqlite3'}', connection: { filename: process.env.SQLITE_FILE }, useNullAsDefault: true }),`,
    };
  return {
    imported,
    option: `client: knex({ client: '${dialect === 'postgresql' ? 'pg' : 'mysql2'}', connection: process.env.DATABASE_URL }),`,
  };
}
