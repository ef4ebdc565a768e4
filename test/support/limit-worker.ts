// One process of an app with a limit of sessions, on the database and the table in its arguments.
import type { DialectName } from '../../src/index.js';
import { CONNECTIONS } from './databases.js';
import { startTestApp } from './test-app.js';

const [database, tableName, file] = process.argv.slice(2) as [DialectName, string, string];
const { driver: _, ...server } = CONNECTIONS[database];
const connection = database === 'sqlite' ? { dbName: file } : server;
const app = await startTestApp(database, { options: { connection, tableName, userId: 'user', maxSessionsPerUser: 3 } });
process.stdout.write(`${await app.getUrl()}\n`);
// The parent closes the pipe at the end of the test.
process.stdin.resume().on('end', () => process.exit());
