import pg from 'pg';
import { POOL_SIZE, required } from '../../servers/addresses.js';
import { countPostgreSql } from '../drivers.js';
import type { OpenStore } from '../opened-store.js';
import { BARE_DRIVER, ReferenceController, type BareDriver } from '../reference.controller.js';

/** Opens pg alone, with one statement for each request. */
export const open: OpenStore = async (_, { postgresql }) => {
  const pool = new pg.Pool({ ...required(postgresql), max: POOL_SIZE });
  await pool.query(
    'create table if not exists driver_sessions (id varchar(255) primary key, data text not null, lock_version int not null default 0, updated_at timestamptz(3), expires_at timestamptz(3) not null)',
  );
  await pool.query('create index if not exists driver_sessions_expires_at on driver_sessions (expires_at)');
  const driver: BareDriver = {
    insert: (id, data) =>
      pool.query("insert into driver_sessions (id, data, expires_at) values ($1, $2, now() + interval '1 day')", [id, data]),
    select: (id) => pool.query('select data, lock_version from driver_sessions where id = $1', [id]),
    update: (id, data) =>
      pool.query('update driver_sessions set data = $1, lock_version = lock_version + 1, updated_at = now() where id = $2', [data, id]),
  };
  return {
    module: { controllers: [ReferenceController], providers: [{ provide: BARE_DRIVER, useValue: driver }] },
    statements: await countPostgreSql(),
    close: () => pool.end(),
  };
};
