import mysql from 'mysql2/promise';
import pg from 'pg';
import { ADDRESSES } from './addresses.js';

const RENEW = { postgresql: renewPostgresql, mysql: renewMysql, mariadb: renewMysql };
const REMOVE = { postgresql: removePostgresql, mysql: removeMysql, mariadb: removeMysql };

/**
 * Makes the run's database on each server new.
 *
 * @returns {Promise<Record<string, { at: object, version: string, renew: () => Promise<unknown>, remove: () => Promise<void> }>>} the
 *   servers that answer. `renew` makes the database new, because several stores name their table alike
 */
export async function openDatabases() {
  const found = {};
  for (const [name, at] of Object.entries(ADDRESSES)) {
    const renew = () => RENEW[name](at);
    const version = await renew().catch((error) => console.error(`No ${name}: ${error.message || error.code}`));
    if (version && isKind(name, version)) found[name] = { at, version: titleOf(name, version), renew, remove: () => REMOVE[name](at) };
  }
  return found;
}

/** A MariaDB server also speaks MySQL's protocol. Then MySQL's drivers are measured on it, and the page says so. */
function isKind(name, version) {
  return name !== 'mariadb' || version.includes('MariaDB');
}

function titleOf(name, version) {
  const number = /\d+(\.\d+)+/.exec(version)[0];
  if (name === 'postgresql') return `PostgreSQL ${number}`;
  return `${version.includes('MariaDB') ? 'MariaDB' : 'MySQL'} ${number}`;
}

async function renewPostgresql({ database, ...server }) {
  const client = new pg.Client({ ...server, database: 'postgres' });
  await client.connect();
  await client.query(`drop database if exists ${database} with (force)`);
  await client.query(`create database ${database}`);
  const { rows } = await client.query('show server_version');
  await client.end();
  return rows[0].server_version;
}

async function renewMysql({ database, ...server }) {
  const connection = await mysql.createConnection(server);
  await connection.query(`drop database if exists ${database}`);
  await connection.query(`create database ${database}`);
  const [rows] = await connection.query('select version() as version');
  await connection.end();
  return rows[0].version;
}

async function removePostgresql({ database, ...server }) {
  const client = new pg.Client({ ...server, database: 'postgres' });
  await client.connect();
  await client.query(`drop database if exists ${database} with (force)`);
  await client.end();
}

async function removeMysql({ database, ...server }) {
  const connection = await mysql.createConnection(server);
  await connection.query(`drop database if exists ${database}`);
  await connection.end();
}
