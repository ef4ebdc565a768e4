import { Type, defineEntity, type EntitySchema, type EntityProperty, type Platform } from '@mikro-orm/core';

/** Where the sessions table is. */
export interface SessionTable {
  /** Default: `sessions`. */
  readonly tableName?: string;
  /** Default: the connection's own. */
  readonly schema?: string;
}

/** A row of the sessions table, as MikroORM's entities show it. */
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
}

/**
 * Defines the MikroORM entity for a sessions table of another name, or in another schema.
 *
 * @example
 * MikroORM.init({ entities: [defineSessionEntity({ tableName: 'web_sessions' })], … })
 */
export function defineSessionEntity({ tableName = 'sessions', schema }: SessionTable = {}): EntitySchema<SessionRow> {
  return defineEntity({
    name: 'Session',
    tableName,
    ...(schema === undefined ? {} : { schema }),
    properties: (p) => ({
      // MySQL's catalog does not give the column's type back as it was written.
      sessionId: p.type(StorageKeyType).$type<string>().primary().length(255).ignoreSchemaChanges('type', 'collation'),
      data: p.type(SerializedSessionType).$type<string>(),
      lockVersion: p.integer().version().default(0),
      commitId: p.string().length(36).nullable(),
      userId: p.string().length(255).nullable().index(`${tableName}_user_id_index`),
      maxAge: p.bigint('number').nullable(),
      leaseId: p.string().length(36).nullable(),
      leaseExpiresAt: p.datetime(3).nullable(),
      createdAt: p.datetime(3),
      updatedAt: p.datetime(3),
      expiresAt: p.datetime(3).index(`${tableName}_expires_at_index`),
    }),
    // What MikroORM infers of it has other types in each of its versions.
  }) as unknown as EntitySchema<SessionRow>;
}

/** Ids compare byte by byte: MySQL's default collations ignore case. */
class StorageKeyType extends Type<string, string> {
  override getColumnType(property: EntityProperty, platform: Platform): string {
    const type = platform.getVarcharTypeDeclarationSQL(property);
    return isMySql(platform) ? `${type} character set ascii collate ascii_bin` : type;
  }
}

/** `text` ends at 64 KiB on MySQL. */
class SerializedSessionType extends Type<string, string> {
  override getColumnType(_property: EntityProperty, platform: Platform): string {
    return isMySql(platform) ? 'longtext' : 'text';
  }
}

/** MikroORM's platforms of MySQL and MariaDB are the only ones with unsigned numbers. */
function isMySql(platform: Platform): boolean {
  return platform.supportsUnsigned();
}

/** The entity of the table `sessions`, for the app's own migrations and schema generator. */
export const SessionEntity: EntitySchema<SessionRow> = defineSessionEntity();
