import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { passGate } from '../app/gate.js';
import { freePort, untilItAnswers } from '../servers/programs.js';

const ROUTER = fileURLToPath(new URL('../app/router.php', import.meta.url));
/** PHP's own server takes one request at a time in each of its processes. */
const WORKERS = '16';

/** A second control, from outside of Node: PHP locks the file of a session while a request uses it. */
export default {
  name: "PHP's own sessions",
  package: 'php',
  link: 'https://www.php.net/manual/en/book.session.php',
  packages: [],
  server: 'files',
  isControl: true,
  program: 'php',
  rows: { '': openApp },
};

async function openApp({ directory }) {
  const at = { host: '127.0.0.1', port: await freePort() };
  const gate = join(directory, `gate-${at.port}`);
  const settings = [`session.save_path=${directory}`, 'session.use_strict_mode=1'].flatMap((setting) => ['-d', setting]);
  const php = spawn('php', [...settings, '-S', `${at.host}:${at.port}`, ROUTER], {
    env: { ...process.env, PHP_CLI_SERVER_WORKERS: WORKERS, GATE: gate },
    stdio: 'ignore',
    detached: true,
  });
  process.once('exit', () => process.kill(-php.pid));
  await untilItAnswers(at);
  return (request, response) => {
    if (request.url.startsWith('/held')) void openGate(gate);
    const upstream = httpRequest({ ...at, method: request.method, path: request.url, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    request.pipe(upstream);
  };
}

/** The gate is in the script. Its process tells by a file that it has reached it. */
async function openGate(gate) {
  while (!existsSync(`${gate}.loaded`)) await sleep(1);
  rmSync(`${gate}.loaded`);
  await passGate();
  writeFileSync(`${gate}.open`, '');
}
