import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeReport, raceStore } from '../../packages/session-race/src/index.js';
import { SmartSessionStore } from '../../src/index.js';
import { CONNECTIONS, DATABASES } from '../support/databases.js';
import { FOREIGN, openPreviousStore } from '../support/previous-stores.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { startTestApp } from '../support/test-app.js';

const SETTINGS = { rounds: 3, seconds: 30 };
const TABLE = 'session_race';
/** Those that leave no table behind. */
const PEERS = FOREIGN.filter(([name, database]) => DATABASES.includes(database) && (name === 'connect-pg-simple' || database === 'sqlite'));

const directory = mkdtempSync(join(tmpdir(), 'session-race-'));
const file = join(directory, 'sessions.db');
afterAll(() => rmSync(directory, { recursive: true }));

describe.each(DATABASES)('raceStore on %s', (database) => {
  it('finds that the stores of two apps of this library lose nothing', async () => {
    const { driver: _, ...server } = CONNECTIONS[database];
    const connection = database === 'sqlite' ? { dbName: file } : server;
    const table = await SessionsDatabase.open(database, TABLE, connection);
    const apps = await Promise.all([1, 2].map(() => startTestApp(database, { options: { connection, tableName: TABLE } })));
    const report = await raceStore(
      apps.map((app) => app.get(SmartSessionStore)),
      SETTINGS,
    );
    await Promise.all(apps.map((app) => app.close()));
    await table.close();
    expect(report.verdict, describeReport(report)).toBe('clean');
    expect(report.contended).toBeGreaterThan(0);
    expect(report.ended).toBeGreaterThan(0);
  });
});

describe('raceStore', () => {
  it.each(PEERS)('finds that %s on %s, where the last write wins, loses updates and brings sessions back', async (name, database) => {
    const { store, close } = await openPreviousStore(name, database, TABLE, file);
    const report = await raceStore(store, SETTINGS);
    await close();
    expect(report).toMatchObject({ verdict: 'lossy', stale: 0, foreign: 0, unknown: 0 });
    expect(report.lost).toBeGreaterThan(0);
    expect(report.resurrected).toBeGreaterThan(0);
  });
});
