import { Type, defineEntity, type EntityProperty, type Platform } from '@mikro-orm/core';

/** Where the sessions table is. */
export interface SessionTable {
  /** Default: `sessions`. */
  readonly tableName?: string;
  /** Default: the connection's own. */
  readonly schema?: string;
}

/**
 * Defines the MikroORM entity for a sessions table of another name, or in another schema.
 *
 * @example
 * MikroORM.init({ entities: [defineSessionEntity({ tableName: 'web_sessions' })], … })
 */
export function defineSessionEntity({ tableName = 'sessions', schema }: SessionTable = {}) {
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
  });
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
export const SessionEntity = defineSessionEntity();
