import { join } from 'node:path';
import { answers } from '../support/answers.js';
import { SERVERS } from '../support/servers.js';

/**
 * A driver with the connection of its database; undefined where none answers.
 *
 * @param {{ dialect: string, name: string }} driver
 * @param {string} directory where SQLite's files go
 */
export async function databaseOf(driver, directory) {
  if (driver.dialect === 'sqlite') return { ...driver, connection: { dbName: join(directory, `${driver.name}.sqlite`) } };
  const server = SERVERS[driver.dialect];
  return (await answers(server)) ? { ...driver, connection: server } : undefined;
}
