import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import knex from 'knex';
import { answers } from './answers.js';
import { SERVERS } from './servers.js';

/** Compiles without type checks, which `npm run check` does, and only the files that have changed. */
const COMPILE = '-p tsconfig.test.json --noEmit false --outDir build --noCheck --incremental --tsBuildInfoFile build/tests.tsbuildinfo';

/** Compiles the code that runs in its own processes, and finds the databases. */
export default async function globalSetup() {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', ...COMPILE.split(' ')], { stdio: 'inherit' });
  // The first test that needs the sample app builds it.
  rmSync('build/sample-app', { recursive: true, force: true });
  await findDatabases();
}

/** Prints the databases of this run. Fails if a database that `DATABASE` names does not answer. */
async function findDatabases() {
  const { postgresql, mysql, mariadb } = SERVERS;
  const found = { sqlite: true, postgresql: await answers(postgresql), mysql: await answers(mysql), mariadb: await answers(mariadb) };
  const names = Object.keys(found);
  const asked = process.env.DATABASE?.split(',');
  for (const name of asked ?? []) {
    if (!names.includes(name)) throw new Error(`DATABASE=${name}: use one of ${names.join(', ')}.`);
    if (!found[name]) throw new Error(`DATABASE=${name}: nothing answers at ${addressOf(name)}.`);
  }
  const used = asked ?? names.filter((name) => found[name]);
  process.env.TEST_DATABASES = used.join(',');
  process.env.TEST_IS_MYSQL = String(used.includes('mysql') && !(await isMariadb(mysql)));
  const missing = names.filter((name) => !used.includes(name));
  process.stdout.write(`\nTesting on ${used.map((name) => `${name} (${addressOf(name)})`).join(', ')}\n`);
  if (missing.length > 0) process.stdout.write(`Not testing on ${missing.map((name) => `${name} (${addressOf(name)})`).join(', ')}\n`);
}

async function isMariadb({ dbName: database, ...server }) {
  const connection = knex({ client: 'mysql2', connection: { ...server, database } });
  try {
    const [[{ version }]] = await connection.raw('select version() as version');
    return version.includes('MariaDB');
  } finally {
    await connection.destroy();
  }
}

function addressOf(name) {
  if (name === 'sqlite') return 'in this process';
  const { host, port } = SERVERS[name];
  return `${host}:${port}`;
}
