// One process that answers requests of races. Tells its parent where it listens, and ends with it.
import 'reflect-metadata';
import { SIDES, type Side } from './race-event.js';
import { startRacingApps } from './racing-apps.js';
import { warmUp } from './warm-up.js';

const apps = await startRacingApps();
const urls = Object.fromEntries(await Promise.all(SIDES.map(async (side) => [side, await apps[side].getUrl()]))) as Record<Side, string>;
await warmUp(urls);
process.on('message', (message) => process.send?.(message));
process.on('disconnect', () => void Promise.all(SIDES.map((side) => apps[side].close())).then(() => process.exit()));
// Both come to all processes of a terminal: the parent says when it is over.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
process.send?.({ type: 'listening', urls });
