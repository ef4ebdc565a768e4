import {
  EntityManagerSessionRepository,
  SmartSessionModule,
  SqlSessionRepository,
  type DialectName,
  type Locking,
} from 'nestjs-smart-session';
import { POOL_SIZE, required, type Addresses, type SqlServer } from '../../servers/addresses.js';
import type { StoreDefinition } from '../../stores/store-definition.js';
import { countMySql, countPostgreSql, countSqlite, sqliteFile } from '../drivers.js';
import { EndingController } from '../ending.controller.js';
import { ExactWriteController } from '../exact-write.controller.js';
import { SECRET } from '../express-session.js';
import type { OpenStore } from '../opened-store.js';
import { SessionController } from '../session.controller.js';

/** Opens this library with its defaults, except for the settings of the definition. */
export const open: OpenStore = async (definition, addresses) => {
  const { dialect, repository, locking } = definition.settings;
  const sessions = SmartSessionModule.forRoot(dialect as DialectName, {
    connection: connectionOf(definition, addresses),
    secret: SECRET,
    tableName: tableNameOf(definition),
    createTable: true,
    repository: repository === 'sql' ? SqlSessionRepository : EntityManagerSessionRepository,
    locking: locking as Locking,
  });
  return {
    module: { imports: [sessions], controllers: [SessionController, EndingController, ExactWriteController] },
    statements: await counterOf(definition),
  };
};

/** Returns the table of a variant. Each has its own. */
export const tableNameOf = ({ id }: StoreDefinition): string => id.replaceAll('-', '_');

function connectionOf(definition: StoreDefinition, addresses: Addresses): Record<string, unknown> {
  const pool = { min: 0, max: POOL_SIZE };
  if (definition.database === 'sqlite') return { dbName: sqliteFile(definition, addresses), pool };
  const { database, ...server } = required<SqlServer>(addresses[definition.database as 'postgresql' | 'mariadb' | 'mysql']);
  return { ...server, dbName: database, pool };
}

async function counterOf({ database }: StoreDefinition) {
  if (database === 'sqlite') return countSqlite();
  return database === 'postgresql' ? countPostgreSql() : countMySql();
}
