import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteStore from 'better-sqlite3-session-store';
import Database from 'better-sqlite3';
import session from 'express-session';
import { watchStore } from '../../packages/session-race/src/index.js';
import { beginSession, HandlerApp, OVERTAKES } from '../../packages/session-race/test/handler-app.js';
import { DATABASES } from '../support/databases.js';
import { FOREIGN, openPreviousStore } from '../support/previous-stores.js';

const directory = mkdtempSync(join(tmpdir(), 'watch-store-'));
afterAll(() => rmSync(directory, { recursive: true }));
/** Those that leave no table behind. */
const PEERS = FOREIGN.filter(([name, database]) => DATABASES.includes(database) && (name === 'connect-pg-simple' || database === 'sqlite'));

const OPENERS = [
  ...PEERS.map(([name, database]) => [name, () => openPreviousStore(name, database, 'watch_store', join(directory, 'knex.db'))] as const),
  ['better-sqlite3-session-store', openSqliteStore] as const,
];

describe.each(OPENERS)('watchStore with %s', (_name, open) => {
  it.each(OVERTAKES)('counts right if %s', async (_, slow, fast, found) => {
    const { store, close } = await open();
    const watch = watchStore(store);
    const app = await HandlerApp.start(store);
    await app.overtake(await beginSession(app), slow, fast);
    await app.settle();
    // A pool may give the watch's last read a slower connection than the reads of `settle`.
    await vi.waitFor(() => expect(watch.counts).toMatchObject({ lost: 0, resurrected: 0, unjudged: 0, ...found }));
    await app.stop();
    await close();
  });
});

async function openSqliteStore(): Promise<{ store: session.Store; close: () => Promise<void> }> {
  const client = new Database(':memory:');
  const store = new (SqliteStore(session))({ client });
  return { store, close: async () => void client.close() };
}
