import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { openDatabases } from './servers/databases.js';
import { OwnServer } from './servers/programs.js';
import { versionOf } from './versions.js';

// npm run race:watch: measures the CPU time that watchStore adds to a request, and writes watch-overhead.json.

const ROUNDS = 9;
const REQUESTS = 600;
/** Each browser has a session of its own, so that no request waits for another one. */
const BROWSERS = 4;
const FILE = fileURLToPath(new URL('app/watched.js', import.meta.url));

const databases = await openDatabases();
const { postgresql } = databases;
const redis = await OwnServer.start('redis');
const stores = [
  ['MemoryStore', {}, ['express-session']],
  ['connect-pg-simple', postgresql.at, ['connect-pg-simple', 'express-session']],
  ['connect-redis', redis.at, ['connect-redis', 'express-session']],
];
const rows = [];
for (const [name, at, packages] of stores)
  rows.push({ store: name, versions: packages.map((each) => `${each} ${versionOf(each)}`), ...(await measure(name, at)) });
await redis.stop();
for (const { remove } of Object.values(databases)) await remove();
const machine = {
  node: process.version,
  cores: cpus().length,
  load: Number(loadavg()[0].toFixed(1)),
  date: new Date().toISOString().slice(0, 10),
};
await writeFile(
  new URL('watch-overhead.json', import.meta.url),
  `${JSON.stringify({ machine, rounds: ROUNDS, requests: REQUESTS, rows }, undefined, 2)}\n`,
);
console.log(rows);

/** Alternates between rounds with and without a watch in one process. */
async function measure(name, at) {
  const app = fork(FILE, [name, JSON.stringify(at)]);
  const [{ port }] = await once(app, 'message');
  const tell = async (order) => {
    const answered = once(app, 'message');
    app.send(order);
    return (await answered)[0];
  };
  const url = `http://127.0.0.1:${port}`;
  const browsers = await Promise.all(Array.from({ length: BROWSERS }, () => begin(url)));
  const found = { read: { without: [], with: [] }, save: { without: [], with: [] } };
  for (const kind of ['read', 'save']) await visit(url, browsers, kind);
  for (let round = 0; round < ROUNDS; round++) {
    for (const side of round % 2 === 0 ? ['without', 'with'] : ['with', 'without']) {
      for (const kind of ['read', 'save']) {
        const { cpu: before } = await tell(side === 'with' ? 'watch' : 'report');
        await visit(url, browsers, kind);
        const { cpu: after, counts } = await tell(side === 'with' ? 'stop' : 'report');
        if (counts?.lost > 0) throw new Error('The watch counts losses, although each session has one request at a time.');
        found[kind][side].push((after.user + after.system - before.user - before.system) / REQUESTS);
      }
    }
  }
  app.disconnect();
  await once(app, 'exit');
  const medians = ({ without, with: watched }) => ({ without: median(without), with: median(watched) });
  return { read: medians(found.read), save: medians(found.save) };
}

async function begin(url) {
  const response = await fetch(`${url}/begin`, { method: 'POST' });
  await response.text();
  return response.headers.getSetCookie()[0].split(';')[0];
}

async function visit(url, browsers, kind) {
  await Promise.all(
    browsers.map(async (cookie) => {
      for (let n = 0; n < REQUESTS / BROWSERS; n++) {
        const response = await fetch(`${url}/${kind}`, { method: kind === 'save' ? 'POST' : 'GET', headers: { cookie } });
        await response.text();
        if (!response.ok) throw new Error(`${kind} was answered with ${response.status}.`);
      }
    }),
  );
}

/** In whole µs. */
function median(values) {
  return Math.round(values.toSorted((a, b) => a - b)[(values.length - 1) / 2]);
}
