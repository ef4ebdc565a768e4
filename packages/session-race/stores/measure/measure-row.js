import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Relay } from '../servers/relay.js';
import { AppProcess } from './app-process.js';
import { outage } from './outage.js';
import { overtake } from './overtake.js';
import { raceRow } from './race-row.js';

/**
 * Measures one row: the race, two requests in a fixed order, and the loss of the server if there is one.
 *
 * @param {object} store of `STORES`
 * @param {string} row a key of its `rows`
 * @param {object | undefined} server its address; undefined if the sessions are not on a server
 * @returns {Promise<object>} `crash` instead of the figures of the race if a process ended
 */
export async function measureRow({ name, server: kind, isControl = false }, row, server) {
  const directory = await mkdtemp(join(tmpdir(), 'session-race-stores-'));
  const start = (at) => AppProcess.start(name, row, { ...at, directory });
  const apps = [];
  try {
    for (let n = 0; n < processesOf(kind); n++) apps.push(await start(server));
    const race = await raceRow(apps);
    const ended = apps.find(({ isRunning }) => !isRunning);
    // The answers before the end of a process are not judged.
    if (ended) {
      const failed = { processes: processesOf(kind), crash: ended.cause };
      return { ...failed, ...(server && !isControl ? { outage: await outageOf(start, server) } : {}) };
    }
    const inOrder = await overtake(apps[0]);
    for (const app of apps.splice(0)) await app.stop();
    return { processes: processesOf(kind), ...race, inOrder, ...(server && !isControl ? { outage: await outageOf(start, server) } : {}) };
  } finally {
    for (const app of apps) await app.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Sessions in the memory of a process have only this one. */
function processesOf(kind) {
  return kind === 'process' ? 1 : 2;
}

async function outageOf(start, server) {
  const relay = await Relay.open(server);
  try {
    return await outage(() => start(relay.at), relay);
  } finally {
    await relay.cut();
  }
}
