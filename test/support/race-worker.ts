// One process of the race: an app of every kind, on the database that its argument names.
import type { DialectName } from '../../src/index.js';
import { CONNECTIONS } from './databases.js';
import { RACE_VARIANTS } from './race-variants.js';
import { startTestApp } from './test-app.js';

const [database, file] = process.argv.slice(2) as [DialectName, string];
const { driver: _, ...server } = CONNECTIONS[database];
const connection = database === 'sqlite' ? { dbName: file } : server;

const urls: Record<string, string> = {};
for (const [n, [name, variant]] of Object.entries(RACE_VARIANTS).entries()) {
  const app = await startTestApp(database, { options: { ...variant, connection, tableName: `race_${database}_${n}` } });
  urls[name] = await app.getUrl();
}
process.stdout.write(`${JSON.stringify(urls)}\n`);
// The parent closing its end means that the race is over.
process.stdin.resume().on('end', () => process.exit());
