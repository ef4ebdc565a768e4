import mySqlStore from 'express-mysql-session';
import session from 'express-session';
import { POOL_SIZE, required } from '../../servers/addresses.js';
import { countMySql } from '../drivers.js';
import { expressSession } from '../express-session.js';
import type { OpenStore } from '../opened-store.js';

/** Opens express-mysql-session with a given address, as its README shows, on its own copy of mysql2. */
export const open: OpenStore = async ({ database }, addresses) => {
  const MySqlStore = mySqlStore(session);
  const store = new MySqlStore({ ...required(addresses[database as 'mariadb' | 'mysql']), connectionLimit: POOL_SIZE });
  await store.onReady();
  return expressSession(store, countMySql('express-mysql-session'), () => store.close());
};
