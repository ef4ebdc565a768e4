import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from '../report/machine.js';
import { prepareServers } from '../servers/servers.js';
import { CLIENTS } from './measure.js';
import { DATABASES, storesOf, type DistantDatabase } from './plan.js';
import { writeDistanceReport } from './report.js';
import { measureAt, type DistanceResults } from './run.js';

// What each operation costs if the database is some ms away: npm run bench:distance

const { values } = parseArgs({
  options: {
    databases: { type: 'string', default: Object.keys(DATABASES).join(',') },
    'round-trips': { type: 'string', default: '1,5,20' },
    requests: { type: 'string', default: '200' },
    out: { type: 'string' },
  },
});
const databases = values.databases.split(',') as DistantDatabase[];
const roundTrips = values['round-trips'].split(',').map(Number);
const out =
  values.out === undefined
    ? fileURLToPath(new URL('../../results/distance', import.meta.url))
    : resolve(process.env.INIT_CWD ?? '.', values.out);

const servers = await prepareServers(new Set(databases));
try {
  for (const [database, reason] of servers.missing) process.stdout.write(`${database} does not answer. It is skipped: ${reason}\n`);
  const found = databases.filter((database) => !servers.missing.has(database));
  const results: DistanceResults[] = [];
  for (const roundTrip of roundTrips) {
    for (const database of found) {
      process.stdout.write(`${database}, ${roundTrip} ms\n`);
      results.push(await measureAt(database, roundTrip, servers.addresses, Number(values.requests)));
    }
  }
  const machine = describeMachine(servers.versions, found.flatMap(storesOf));
  await writeDistanceReport({ date: new Date().toISOString(), machine, requests: Number(values.requests), clients: CLIENTS, results }, out);
  process.stdout.write(`The results are in ${out}\n`);
} finally {
  await servers.stop();
}
