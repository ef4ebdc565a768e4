// Compiled by `npm run check`, never run: what must not compile is marked, and an unused mark is an error.
import { createSecretKey } from 'node:crypto';
import { defineConfig as defineCoreConfig } from '@mikro-orm/core';
import { PostgreSqlDriver } from '@mikro-orm/postgresql';
import { SqliteDriver, defineConfig } from '@mikro-orm/sqlite';
import { RequestMethod } from '@nestjs/common';
import type { SessionData } from 'express-session';
import {
  DELETED,
  LockSession,
  NoTouch,
  ReadOnlySession,
  SessionReadOnlyError,
  SmartSessionModule,
  append,
  counter,
  deep,
  firstWins,
  lastWins,
  union,
  unionBy,
  type CookieSecret,
  type MergeRule,
  type SessionRepository,
  type SessionRepositoryClass,
  type SessionService,
  type SmartSessionModuleOptions,
  type SmartSessionOptions,
  type ValueCodec,
} from '../../src/index.js';

declare module 'express-session' {
  interface SessionData {
    typedCart?: { sku: string; quantity: number }[];
    typedCount?: number;
    typedTags?: string[];
    typedSet?: Set<string>;
    typedPreferences?: { theme: string };
    typedLog?: string[];
    typedPair?: number[];
    typedUser?: { id: number };
  }
}

export function forRoot() {
  SmartSessionModule.forRoot();
  SmartSessionModule.forRoot('postgresql');
  SmartSessionModule.forRoot('sqlite', { secret: ['new', 'old'], ttl: 1000, cookie: { maxAge: 1000 } });
  SmartSessionModule.forRoot({ dialect: 'mysql', userId: (session) => String(session.user) });
  SmartSessionModule.forRoot({ exclude: ['health', { path: 'assets/*path', method: RequestMethod.GET }] });
  SmartSessionModule.forRoot({ encryption: { keys: [new Uint8Array(32), 'hex or base64'], readPlaintext: true, writePlaintext: true } });
  SmartSessionModule.forRoot({ cookie: ({ hostname }) => ({ domain: hostname, sameSite: 'auto', secure: 'auto' }) });
  SmartSessionModule.forRoot({ secret: Buffer.from('bytes') });
  SmartSessionModule.forRoot({ secret: ['text', new Uint8Array(32), createSecretKey(Buffer.alloc(32))] });
  // @ts-expect-error a function that returns a promise
  SmartSessionModule.forRoot({ cookie: async () => ({ maxAge: 1 }) });
  // @ts-expect-error a function that returns no cookie options
  SmartSessionModule.forRoot({ cookie: () => 'lax' });
  // @ts-expect-error a value that is not of SameSite
  SmartSessionModule.forRoot({ cookie: { sameSite: 'sometimes' } });
  // @ts-expect-error a secret that is none
  SmartSessionModule.forRoot({ secret: 5 });
  // @ts-expect-error a key that is none
  SmartSessionModule.forRoot({ encryption: { keys: [1] } });
  // @ts-expect-error a method by its name
  SmartSessionModule.forRoot({ exclude: [{ path: 'health', method: 'GET' }] });
  // @ts-expect-error an unknown dialect
  SmartSessionModule.forRoot('oracle');
  // @ts-expect-error an unknown option
  SmartSessionModule.forRoot('sqlite', { maxage: 1 });
  // @ts-expect-error an option of another type
  SmartSessionModule.forRoot({ ttl: '1 day' });
  // @ts-expect-error a dialect given twice
  SmartSessionModule.forRoot('sqlite', { dialect: 'mysql' });
  // @ts-expect-error no way to make the options
  SmartSessionModule.forRootAsync({});
  // @ts-expect-error a class that makes no options
  SmartSessionModule.forRootAsync({ useClass: Date });
  // @ts-expect-error a class that is no repository
  SmartSessionModule.forRoot({ repository: Date });
}

/** The methods that a repository must have, and no others, are named by the type of the option. */
type NeededMethod = {
  [Name in keyof SessionRepository]-?: undefined extends SessionRepository[Name] ? never : Name;
}[keyof SessionRepository];
export const named: Record<NeededMethod, true> = {} as Record<keyof InstanceType<SessionRepositoryClass>, true>;
export const needed: Record<keyof InstanceType<SessionRepositoryClass>, true> = {} as Record<NeededMethod, true>;

export function resolved(options: SmartSessionOptions) {
  const withDefault: [number, 'optimistic' | 'pessimistic' | 'auto', number | false] = [
    options.ttl,
    options.locking,
    options.pruneInterval,
  ];
  const changed: [readonly CookieSecret[], ReadonlyMap<string, MergeRule>] = [options.secret, options.merge];
  const limit: number | undefined = options.maxSessionsPerUser?.max;
  // @ts-expect-error an option without a default may be undefined
  const rule: MergeRule = options.mergeDefault;
  // @ts-expect-error options are read only
  options.ttl = 1;
  // @ts-expect-error an unknown option
  void options.maxage;
  return [withDefault, changed, limit, rule];
}

export function connections() {
  SmartSessionModule.forRoot({
    connection: { driver: PostgreSqlDriver, clientUrl: 'postgresql://db', pool: { max: 5 }, driverOptions: { ssl: true } },
  });
  SmartSessionModule.forRoot('sqlite', { connection: { dbName: ':memory:' } });
  SmartSessionModule.forRoot({ connection: defineConfig({ dbName: ':memory:' }) });
  SmartSessionModule.forRoot({ connection: defineCoreConfig({ driver: SqliteDriver, dbName: ':memory:', debug: true }) });
  SmartSessionModule.forRootAsync({
    useFactory: () => ({ dialect: 'mysql', connection: { host: 'db', port: 3306, user: 'app', password: 'secret', dbName: 'app' } }),
  });
  SmartSessionModule.forRoot({ connection: { driver: class extends SqliteDriver {}, replicas: [{ host: 'standby' }] } });
  // @ts-expect-error a name that MikroORM has otherwise: clientUrl
  SmartSessionModule.forRoot({ connection: { clientURL: 'postgresql://db' } });
  // @ts-expect-error an option of a driver: dbName
  SmartSessionModule.forRoot({ connection: { database: 'app' } });
  // @ts-expect-error a name of another ORM: dbName
  SmartSessionModule.forRootAsync({ useFactory: (): SmartSessionModuleOptions => ({ connection: { databaseName: 'app' } }) });
  // @ts-expect-error a port that is a text
  SmartSessionModule.forRoot({ connection: { port: '5432' } });
  // @ts-expect-error a typo inside
  SmartSessionModule.forRoot({ connection: { pool: { maximum: 5 } } });
  // @ts-expect-error a driver by its name
  SmartSessionModule.forRoot({ connection: { driver: 'postgresql' } });
  // @ts-expect-error a URL alone
  SmartSessionModule.forRoot({ connection: 'postgresql://db' });
}

export function users(sessions: SessionService) {
  SmartSessionModule.forRoot({ userId: 'typedCount' });
  SmartSessionModule.forRoot('sqlite', { userId: (session) => session.typedUser?.id });
  SmartSessionModule.forRootAsync({ useFactory: () => ({ userId: 'typedCount' }) });
  SmartSessionModule.forRoot({ userId: () => 7n });
  // @ts-expect-error a key that SessionData does not have
  SmartSessionModule.forRoot({ userId: 'typedCuont' });
  // @ts-expect-error the cookie
  SmartSessionModule.forRoot({ userId: 'cookie' });
  // @ts-expect-error a key that SessionData does not have
  SmartSessionModule.forRootAsync({ useFactory: () => ({ userId: 'typedCuont' }) });
  // @ts-expect-error an object
  SmartSessionModule.forRoot({ userId: (session) => session.typedUser });
  // @ts-expect-error a promise
  SmartSessionModule.forRoot({ userId: async () => 'anna' });
  void sessions.list({ userId: 7n });
  // @ts-expect-error an object
  void sessions.destroyAll({ userId: { id: 7 } });
}

export function typedSession(data: SessionData, sessions: SessionService): string | undefined {
  // @ts-expect-error a list needs a user
  void sessions.list({});
  // @ts-expect-error no number
  data.typedCart = 1;
  return data.typedCart?.[0]?.sku;
}

export function merging() {
  SmartSessionModule.forRoot({
    merge: {
      typedCart: unionBy('sku', { quantity: counter() }),
      typedCount: counter(),
      typedTags: union(),
      typedSet: union(),
      typedPreferences: deep({ theme: firstWins() }),
      typedLog: append(),
      // Typed by the key: no annotation is needed.
      typedPair: ({ theirs = [], mine = [] }) => [...theirs, ...mine],
    },
    mergeDefault: lastWins(),
  });
  SmartSessionModule.forRoot({ merge: { typedCount: ({ theirs = 0, mine = 0 }) => Math.max(theirs, mine) } });
  SmartSessionModule.forRoot({ merge: { typedCount: ({ mine = DELETED }) => mine } });
  const largest: MergeRule<number> = ({ theirs = 0, mine = 0 }) => Math.max(theirs, mine);
  SmartSessionModule.forRoot({ merge: { typedCount: largest } });
  // @ts-expect-error a counter of a list
  SmartSessionModule.forRoot({ merge: { typedTags: counter() } });
  // @ts-expect-error an identity that the items do not have
  SmartSessionModule.forRoot({ merge: { typedCart: unionBy('id') } });
  // @ts-expect-error a rule that returns another type
  SmartSessionModule.forRoot({ merge: { typedCount: () => 'three' } });
  // @ts-expect-error a rule that may return nothing
  SmartSessionModule.forRoot({ merge: { typedCount: ({ mine }) => mine } });
  // @ts-expect-error a key that SessionData does not have
  SmartSessionModule.forRoot({ merge: { typedCuont: counter() } });
  // @ts-expect-error no rule
  SmartSessionModule.forRoot({ merge: { typedCount: 'counter' } });
}

export function serializing(codec: ValueCodec) {
  SmartSessionModule.forRoot({ serializer: 'rich' });
  SmartSessionModule.forRoot({ serializer: codec });
  // @ts-expect-error an unknown serializer
  SmartSessionModule.forRoot({ serializer: 'xml' });
}

export async function updating(sessions: SessionService, session: SessionData): Promise<number> {
  await sessions.update(session, (draft) => {
    // @ts-expect-error no number
    draft.typedCount = 'one';
  });
  // @ts-expect-error the cookie is not among the values
  await sessions.update(session, (draft) => draft.cookie);
  return sessions.update('an id', (draft) => (draft.typedCount = (draft.typedCount ?? 0) + 1));
}

export class Locked {
  @LockSession()
  byDefault(): void {}
  @LockSession({ timeout: 100, lease: 1000, maxWaiting: 1 })
  byOptions(): void {}
  // @ts-expect-error an unknown option
  @LockSession({ wait: 1 })
  wrong(): void {}
}

@NoTouch()
export class Polled {
  @NoTouch(false)
  extending(): void {}
  // @ts-expect-error no yes or no
  @NoTouch({ ms: 1 })
  wrong(): void {}
}

@ReadOnlySession()
export class ReadOnly {
  @ReadOnlySession(false)
  writing(): void {}
  // @ts-expect-error no yes or no
  @ReadOnlySession('never')
  wrong(): void {}
}

export function refused(error: SessionReadOnlyError): readonly string[] {
  // @ts-expect-error keys are read only
  error.keys = [];
  return error.keys;
}
