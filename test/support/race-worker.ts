// One process of the race: an app of each kind, on the databases that its parent names one after the other.
import type { INestApplication } from '@nestjs/common';
import type { DialectName } from '../../src/index.js';
import { CONNECTIONS } from './databases.js';
import { RACE_VARIANTS } from './race-variants.js';
import { startTestApp } from './test-app.js';

const [file] = process.argv.slice(2) as [string];
let apps: INestApplication[] = [];

/** Returns the address of each kind of app. */
async function startApps(database: DialectName): Promise<Record<string, string>> {
  const { driver: _, ...server } = CONNECTIONS[database];
  const connection = database === 'sqlite' ? { dbName: file } : server;
  const urls: Record<string, string> = {};
  for (const [n, [name, variant]] of Object.entries(RACE_VARIANTS).entries()) {
    const app = await startTestApp(database, { options: { ...variant, connection, tableName: `race_${database}_${n}` } });
    urls[name] = await app.getUrl();
    apps.push(app);
  }
  return urls;
}

async function closeApps(): Promise<void> {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
}

process.on('message', (database: DialectName | 'close') => {
  const answer = database === 'close' ? closeApps().then(() => ({})) : startApps(database);
  void answer.then((urls) => process.send!(urls));
});
process.on('disconnect', () => process.exit());
