import { Type, defineEntity, type EntitySchema, type EntityProperty, type Platform } from '@mikro-orm/core';
import { leaseTableOf } from '../dialects/table-layout.js';

/** The location of the sessions table. */
export interface SessionTable {
  /** The name of the table. Default: `sessions`. */
  readonly tableName?: string;
  /** The schema of the table. Default: MikroORM's `schema`, or else the connection's own. */
  readonly schema?: string;
  /**
   * The name of the entity, which must be unique in its MikroORM. Default: a name made from table and schema, such as
   * `SmartSession_sessions`.
   */
  readonly name?: string;
}

/** The columns that statements use, by the names of the entity's properties. */
export const COLUMN_OF = {
  sessionId: 'session_id',
  data: 'data',
  lockVersion: 'lock_version',
  commitId: 'commit_id',
  userId: 'user_id',
  maxAge: 'max_age',
  leaseId: 'lease_id',
  leaseExpiresAt: 'lease_expires_at',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  expiresAt: 'expires_at',
} as const;

/** The columns that a table of layout 1 does not have, by the names of the entity's properties. Only the option `devices` uses some of them. */
const LATER_COLUMN_OF = {
  cookieAttributes: 'cookie_attributes',
  userAgent: 'user_agent',
  ipAddress: 'ip_address',
  deviceLabel: 'device_label',
  lastSeenAt: 'last_seen_at',
  watchedUntil: 'watched_until',
} as const;

/** A row of the sessions table, as a MikroORM entity. */
export interface SessionRow {
  /** The storage key: a hash of the session id, unless `hashIds` is false. */
  readonly sessionId: string;
  /** The serialized session. */
  readonly data: string;
  readonly lockVersion: number;
  readonly commitId?: string | null;
  readonly userId?: string | null;
  /** The cookie's original max age, in ms. */
  readonly maxAge?: number | null;
  readonly leaseId?: string | null;
  readonly leaseExpiresAt?: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  /** Reserved: null. This property and those below are loaded only with `populate`. */
  readonly cookieAttributes?: string | null;
  /** The device of the login, with the option `devices`. The texts are sealed if sessions are encrypted. */
  readonly userAgent?: string | null;
  readonly ipAddress?: string | null;
  readonly deviceLabel?: string | null;
  readonly lastSeenAt?: Date | null;
  /** Reserved: null. */
  readonly watchedUntil?: Date | null;
}

/** A row of the table of leases, as a MikroORM entity. */
export interface SessionLeaseRow {
  /** The storage key of the session. */
  readonly sessionId: string;
  /** The name of the lease. */
  readonly name: string;
  readonly leaseId: string;
  readonly expiresAt: Date;
}

/**
 * Defines the MikroORM entity for a sessions table with another name or in another schema.
 *
 * @example MikroORM.init({ entities: [defineSessionEntity({ tableName: 'web_sessions' })], … })
 */
export function defineSessionEntity({
  tableName = 'sessions',
  schema,
  name = nameOf(tableName, schema),
}: SessionTable = {}): EntitySchema<SessionRow> {
  // Each column has a name here, because a naming strategy of the app would give it another.
  return defineEntity({
    name,
    tableName,
    ...(schema === undefined ? {} : { schema }),
    properties: (p) => ({
      // MySQL's catalog reports the column's type in another form.
      sessionId: p
        .type(StorageKeyType)
        .$type<string>()
        .primary()
        .length(255)
        .ignoreSchemaChanges('type', 'collation')
        .fieldName(COLUMN_OF.sessionId),
      data: p.type(SerializedSessionType).$type<string>().fieldName(COLUMN_OF.data),
      lockVersion: p.integer().version().default(0).fieldName(COLUMN_OF.lockVersion),
      commitId: p.string().length(36).nullable().fieldName(COLUMN_OF.commitId),
      userId: p.string().length(255).nullable().index(`${tableName}_user_id_index`).fieldName(COLUMN_OF.userId),
      maxAge: p.bigint('number').nullable().fieldName(COLUMN_OF.maxAge),
      leaseId: p.string().length(36).nullable().fieldName(COLUMN_OF.leaseId),
      leaseExpiresAt: p.datetime(3).nullable().fieldName(COLUMN_OF.leaseExpiresAt),
      createdAt: p.datetime(3).fieldName(COLUMN_OF.createdAt),
      updatedAt: p.datetime(3).fieldName(COLUMN_OF.updatedAt),
      expiresAt: p.datetime(3).index(`${tableName}_expires_at_index`).fieldName(COLUMN_OF.expiresAt),
      // Lazy, so that a query of the app also works on a table of layout 1.
      cookieAttributes: p.text().nullable().lazy().fieldName(LATER_COLUMN_OF.cookieAttributes),
      userAgent: p.text().nullable().lazy().fieldName(LATER_COLUMN_OF.userAgent),
      ipAddress: p.text().nullable().lazy().fieldName(LATER_COLUMN_OF.ipAddress),
      deviceLabel: p.text().nullable().lazy().fieldName(LATER_COLUMN_OF.deviceLabel),
      lastSeenAt: p.datetime(3).nullable().lazy().fieldName(LATER_COLUMN_OF.lastSeenAt),
      watchedUntil: p.datetime(3).nullable().lazy().fieldName(LATER_COLUMN_OF.watchedUntil),
    }),
    // The type that MikroORM infers differs between its versions.
  }) as unknown as EntitySchema<SessionRow>;
}

/**
 * Defines the MikroORM entity for the table of leases of a sessions table with another name or in another schema.
 *
 * @param table the location of the sessions table; `name` is the name of this entity
 * @example const place = { tableName: 'web_sessions' }; MikroORM.init({ entities: [defineSessionEntity(place),
 *   defineSessionLeaseEntity(place)], … })
 */
export function defineSessionLeaseEntity({
  tableName: sessions = 'sessions',
  schema,
  name,
}: SessionTable = {}): EntitySchema<SessionLeaseRow> {
  const tableName = leaseTableOf(sessions);
  return defineEntity({
    name: name ?? nameOf(tableName, schema),
    tableName,
    ...(schema === undefined ? {} : { schema }),
    properties: (p) => ({
      sessionId: p
        .type(StorageKeyType)
        .$type<string>()
        .primary()
        .length(255)
        .ignoreSchemaChanges('type', 'collation')
        .fieldName('session_id'),
      name: p.type(LeaseNameType).$type<string>().primary().length(255).ignoreSchemaChanges('type', 'collation').fieldName('name'),
      leaseId: p.string().length(36).fieldName('lease_id'),
      expiresAt: p.datetime(3).fieldName('expires_at'),
    }),
  }) as unknown as EntitySchema<SessionLeaseRow>;
}

/** Whether a value is an entity from `defineSessionEntity`, of any copy of this package. */
export function isSessionEntity(given: unknown): boolean {
  const { meta } = Object(given) as { readonly meta?: { readonly properties?: object } };
  const properties = Object(meta?.properties) as object;
  return Object.keys(COLUMN_OF).every((name) => Object.hasOwn(properties, name));
}

/** Returns a name that no entity of the app has, and that is valid in the code that MikroORM generates. */
function nameOf(tableName: string, schema: string | undefined): string {
  const place = schema === undefined ? tableName : `${schema}.${tableName}`;
  return `SmartSession_${place.replace(/\W/gu, (character) => `$${character.codePointAt(0)!.toString(16)}`)}`;
}

/** The type of ids. They compare byte by byte, because MySQL's default collations ignore case. */
class StorageKeyType extends Type<string, string> {
  override getColumnType(property: EntityProperty, platform: Platform): string {
    const type = platform.getVarcharTypeDeclarationSQL(property);
    return isMySql(platform) ? `${type} character set ascii collate ascii_bin` : type;
  }
}

/** The type of names. They compare character by character, because MySQL's default collations ignore case. */
class LeaseNameType extends Type<string, string> {
  override getColumnType(property: EntityProperty, platform: Platform): string {
    const type = platform.getVarcharTypeDeclarationSQL(property);
    return isMySql(platform) ? `${type} character set utf8mb4 collate utf8mb4_bin` : type;
  }
}

/** The type of the data. MySQL's `text` is limited to 64 KiB. */
class SerializedSessionType extends Type<string, string> {
  override getColumnType(_property: EntityProperty, platform: Platform): string {
    return isMySql(platform) ? 'longtext' : 'text';
  }
}

/** Whether the platform is MySQL or MariaDB. Only these have unsigned numbers. */
function isMySql(platform: Platform): boolean {
  return platform.supportsUnsigned();
}

/** The entity of the table `sessions`, for the app's own migrations and schema generator. */
export const SessionEntity: EntitySchema<SessionRow> = defineSessionEntity();

/** The entity of the table `sessions_leases`, which belongs to `sessions`. */
export const SessionLeaseEntity: EntitySchema<SessionLeaseRow> = defineSessionLeaseEntity();
