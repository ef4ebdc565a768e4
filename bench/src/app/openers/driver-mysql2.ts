import { createPool } from 'mysql2/promise';
import { POOL_SIZE, required } from '../../servers/addresses.js';
import { countMySql } from '../drivers.js';
import type { OpenStore } from '../opened-store.js';
import { BARE_DRIVER, ReferenceController, type BareDriver } from '../reference.controller.js';

/** Opens mysql2 alone, with one statement for each request. */
export const open: OpenStore = async (_, { mariadb }) => {
  const pool = createPool({ ...required(mariadb), connectionLimit: POOL_SIZE });
  await pool.query(
    'create table if not exists driver_sessions (id varchar(255) character set ascii collate ascii_bin primary key, data longtext not null, ' +
      'lock_version int not null default 0, updated_at datetime(3), expires_at datetime(3) not null, index (expires_at)) default character set utf8mb4',
  );
  const driver: BareDriver = {
    insert: (id, data) =>
      pool.query('insert into driver_sessions (id, data, expires_at) values (?, ?, utc_timestamp(3) + interval 1 day)', [id, data]),
    select: (id) => pool.query('select data, lock_version from driver_sessions where id = ?', [id]),
    update: (id, data) =>
      pool.query('update driver_sessions set data = ?, lock_version = lock_version + 1, updated_at = utc_timestamp(3) where id = ?', [
        data,
        id,
      ]),
  };
  return {
    module: { controllers: [ReferenceController], providers: [{ provide: BARE_DRIVER, useValue: driver }] },
    statements: countMySql(),
    close: () => pool.end(),
  };
};
