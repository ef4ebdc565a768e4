import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { measureRow } from './measure/measure-row.js';
import { TERMS } from './measure/race-row.js';
import { openDatabases } from './servers/databases.js';
import { OwnServer, programVersion } from './servers/programs.js';
import { NOT_MEASURED, STORES } from './setups/index.js';
import { versionOf } from './versions.js';
import { writePage } from './write-page.js';

// npm run race:stores: measures each store, and writes results.json, histories.txt and docs/stores.md.
// -- --only connect-redis measures those whose name has this text, and keeps the other results. It can be given several times.

const file = (name) => new URL(name, import.meta.url);
const { only } = parseArgs({ options: { only: { type: 'string', multiple: true } } }).values;

const databases = await openDatabases();
const programs = { redis: await OwnServer.start('redis'), memcached: await OwnServer.start('memcached') };
const servers = { ...databases, ...programs };
const isOnServer = ({ server }) => ['postgresql', 'mysql', 'mariadb', 'redis', 'memcached'].includes(server);
const before = only === undefined ? [] : JSON.parse(await readFile(file('results.json'), 'utf8')).rows;
const measured = [];
const notMeasured = NOT_MEASURED.map(([name, link, why]) => ({ name, link, why }));

for (const store of STORES) {
  const server = servers[store.server];
  const missing = isOnServer(store) && !server ? store.server : store.program && !programVersion(store.program) ? store.program : undefined;
  if (missing) {
    notMeasured.push({ name: store.name, link: store.link, why: `no ${missing} here` });
    continue;
  }
  if (only && !only.some((text) => store.name.includes(text))) continue;
  for (const row of Object.keys(store.rows)) {
    const result = await measure(store, row, server).catch((error) => console.error(`  not measured: ${error.stack}`));
    // A store that fails for a reason of its set-up is no store that loses.
    if (result) measured.push(result);
    else notMeasured.push({ name: idOf(store, row), link: store.link, why: 'the run failed' });
  }
  await save();
}
for (const program of Object.values(programs)) await program?.stop();
for (const { remove } of Object.values(databases)) await remove();

async function save() {
  const all = [...measured, ...before];
  const order = STORES.flatMap((store) => Object.keys(store.rows).map((row) => idOf(store, row)));
  const rows = order.flatMap((id) => all.find((row) => row.id === id) ?? []);
  const results = { machine: machine(), terms: TERMS, rows, notMeasured };
  await writeFile(file('results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
  writePage();
}

async function measure(store, row, server) {
  const id = idOf(store, row);
  console.log(id);
  await server?.renew?.();
  const { text = '', ...result } = await measureRow(store, row, isOnServer(store) ? server.at : undefined);
  const { crash, inOrder = {}, outage = {} } = result;
  for (const line of [
    crash ? `A process ended: ${crash}` : text.split('\n')[0],
    Object.values(inOrder).join('; '),
    Object.values(outage).join('; '),
  ])
    console.log(`  ${line}`);
  const { name, link, packages, server: kind } = store;
  const own = store.package ?? name.split(', ')[0];
  return {
    id,
    name,
    row,
    link,
    kind,
    versions: Object.fromEntries([own, ...packages].map((each) => [each, versionOf(each)])),
    server: serverOf(store, server),
    date: new Date().toISOString().slice(0, 10),
    ...result,
    // As a list, so that a change of one line is a change of one line.
    history: text.split('\n'),
  };
}

function idOf({ name }, row) {
  return row === '' ? name : `${name}, ${row}`;
}

function serverOf({ server: kind }, server) {
  if (server) return server.version;
  return { sqlite: 'SQLite, one file', files: 'files', process: 'memory of the process', cookie: 'the cookie' }[kind];
}

function machine() {
  return { node: process.version, platform: `${process.platform} ${process.arch}`, cores: cpus().length, processor: cpus()[0].model };
}
