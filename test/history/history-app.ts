import 'reflect-metadata';
import { Module, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import session from 'express-session';
import { counter, SmartSessionModule, type DialectName, type SmartSessionModuleOptions } from '../../src/index.js';
import { CONNECTIONS } from '../support/databases.js';
import { RACE_VARIANTS, type RaceVariant } from '../support/race-variants.js';
import { HistoryController } from './history.controller.js';
import { MUTANTS, type MutantName } from './mutants.js';
import { PEERS, type PeerName } from './peers.js';

/** The way of this library that runs on Fastify. The others run on Express. */
const ON_FASTIFY = 'on Fastify';

/** What may run in a process: this library in one of its ways, a mutant of it, or another store. */
export type AppName = RaceVariant | typeof ON_FASTIFY | MutantName | PeerName;

/** An app, and where its sessions are. */
export interface AppSettings {
  readonly app: AppName;
  readonly database: DialectName;
  readonly dbName: string;
  readonly tableName: string;
  /** MikroORM's options for this library's connection, such as another address. */
  readonly connection?: object;
  /** More of this library's options. */
  readonly options?: Partial<SmartSessionModuleOptions>;
}

/** A running app. */
export interface RunningApp {
  readonly url: string;
  close(): Promise<void>;
}

@Module({})
class HistoryModule {}

const SECRET = 'of a history';
const VARIANTS: Readonly<Record<string, Partial<SmartSessionModuleOptions>>> = { ...RACE_VARIANTS, [ON_FASTIFY]: {}, ...mutantOptions() };

/** Starts an app on a free port. */
export async function startHistoryApp(settings: AppSettings): Promise<RunningApp> {
  const { app } = settings;
  return app in PEERS ? startPeer(app as PeerName, settings) : startOurs(VARIANTS[app]!, settings);
}

async function startOurs(variant: Partial<SmartSessionModuleOptions>, settings: AppSettings): Promise<RunningApp> {
  const { database, dbName, tableName, options } = settings;
  const { driver: _, ...server } = CONNECTIONS[database];
  const connection = { ...server, dbName, ...settings.connection };
  const sessions = SmartSessionModule.forRoot(database, {
    ...variant,
    ...options,
    connection,
    tableName,
    secret: SECRET,
    createTable: true,
    merge: { count: counter() } as never,
  });
  const adapter = settings.app === ON_FASTIFY ? new FastifyAdapter() : new ExpressAdapter();
  const nest = await listen({ imports: [sessions] }, adapter);
  return { url: await nest.getUrl(), close: () => nest.close() };
}

async function startPeer(name: PeerName, { tableName }: AppSettings): Promise<RunningApp> {
  const { store, close } = await PEERS[name].open(tableName);
  const nest = await listen({}, new ExpressAdapter(), (app) =>
    app.use(session({ store, name: 'sid', secret: SECRET, resave: false, saveUninitialized: false })),
  );
  return { url: await nest.getUrl(), close: async () => (await nest.close(), close()) };
}

async function listen(
  metadata: ModuleMetadata,
  adapter: AbstractHttpAdapter,
  mount?: (app: INestApplication) => void,
): Promise<INestApplication> {
  const nest = await NestFactory.create({ ...metadata, module: HistoryModule, controllers: [HistoryController] }, adapter, {
    logger: process.env.TEST_LOG ? undefined : false,
  });
  mount?.(nest);
  await nest.listen(0, '127.0.0.1');
  return nest;
}

function mutantOptions(): Record<string, Partial<SmartSessionModuleOptions>> {
  return Object.fromEntries(Object.entries(MUTANTS).map(([name, { repository, locking }]) => [name, { repository, locking }]));
}
