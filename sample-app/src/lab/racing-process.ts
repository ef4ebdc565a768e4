// A process that answers the requests of races. It sends its addresses to its parent and ends with it.
import 'reflect-metadata';
import { SIDES, type Side } from './race-event.js';
import { startRacingApps } from './racing-apps.js';
import { warmUp } from './warm-up.js';

const apps = await startRacingApps();
const urls = Object.fromEntries(await Promise.all(SIDES.map(async (side) => [side, await apps[side].getUrl()]))) as Record<Side, string>;
await warmUp(urls);
process.on('message', (message) => process.send?.(message));
process.on('disconnect', () => void Promise.all(SIDES.map((side) => apps[side].close())).then(() => process.exit()));
// A terminal sends these signals to all processes. The parent ends this one.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
process.send?.({ type: 'listening', urls });
