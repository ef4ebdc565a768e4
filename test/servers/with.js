// Runs a command whose tests use servers of other versions than the machine's: npm run servers -- mysql postgresql-18 -- npm test
// The command runs in any case. A line says which server did not start.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { environmentOf } from './environment.js';
import { Server } from './server.js';

const parameters = process.argv.slice(2);
const end = parameters.indexOf('--');
const names = parameters.slice(0, end);
const [program, ...words] = parameters.slice(end + 1);

const servers = [];
try {
  for (const name of names) {
    try {
      const server = await Server.start(name);
      servers.push(server);
      console.log(`${name}: ${await server.version()} is used.`);
    } catch (error) {
      console.log(`${name}: not used, because it cannot be started. The machine's own server takes its place. ${reasonOf(error)}`);
    }
  }
  const [code] = await once(spawn(program, words, { env: environmentOf(servers), stdio: 'inherit' }), 'exit');
  process.exitCode = code ?? 1;
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}

/** Returns the reason on one line. */
function reasonOf({ stderr, message }) {
  return (stderr || message).trim().replaceAll(/\s+/g, ' ').slice(-300);
}
