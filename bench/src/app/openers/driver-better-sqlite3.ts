import { countSqlite, openSqlite, sqliteFile } from '../drivers.js';
import type { OpenStore } from '../opened-store.js';
import { BARE_DRIVER, ReferenceController, type BareDriver } from '../reference.controller.js';

/** Opens better-sqlite3 alone, with one prepared statement for each request. */
export const open: OpenStore = (definition, addresses) => {
  const database = openSqlite(sqliteFile(definition, addresses));
  database.exec(
    'create table if not exists driver_sessions (id text primary key, data text not null, lock_version integer not null default 0, updated_at integer, expires_at integer not null); ' +
      'create index if not exists driver_sessions_expires_at on driver_sessions (expires_at)',
  );
  const insert = database.prepare('insert into driver_sessions (id, data, expires_at) values (?, ?, unixepoch() * 1000 + 86400000)');
  const select = database.prepare('select data, lock_version from driver_sessions where id = ?');
  const update = database.prepare(
    'update driver_sessions set data = ?, lock_version = lock_version + 1, updated_at = unixepoch() * 1000 where id = ?',
  );
  const driver: BareDriver = {
    insert: (id, data) => insert.run(id, data),
    select: (id) => select.get(id),
    update: (id, data) => update.run(data, id),
  };
  return {
    module: { controllers: [ReferenceController], providers: [{ provide: BARE_DRIVER, useValue: driver }] },
    statements: countSqlite(),
    close: () => void database.close(),
  };
};
