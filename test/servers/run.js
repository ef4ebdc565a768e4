// The same tests on servers of other versions than the machine's: npm run test:servers, or npm run test:servers -- mysql
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SERVERS } from './catalog.js';
import { environmentOf } from './environment.js';
import { Server } from './server.js';

const RACE = 'e2e/race.test.ts';

const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : Object.keys(SERVERS);

const directory = await mkdtemp(join(tmpdir(), 'servers-'));
const rows = [];
const reasons = [];
try {
  for (const name of names)
    rows.push([name, ...(await tryServer(name).catch((error) => [failed(`${name}: ${error.stderr || error.message}`)]))]);
} finally {
  await rm(directory, { recursive: true, force: true });
}
const head = ['server', 'version', 'passed', 'failed', 'skipped', 'race', 'histories'];
const lines = [head, head.map(() => '---'), ...rows.map((row) => head.map((_, n) => row[n] ?? '–'))].map(
  (cells) => `| ${cells.join(' | ')} |`,
);
console.log(`\n${[...lines, '', ...reasons].join('\n')}`);
process.exitCode = reasons.length > 0 ? 1 : 0;

/** Returns the cells of a server's row, from its version on. */
async function tryServer(name) {
  const server = await Server.start(name);
  try {
    const version = await server.version();
    console.log(`\n${name}: ${version}`);
    const env = { ...environmentOf([server]), DATABASE: server.dialect };
    const suite = await npm(env, 'test');
    const histories = await npm(env, 'run', 'test:history');
    const race = suite.files.find(({ file }) => file.endsWith(RACE));
    for (const [what, { isGood }] of Object.entries({ suite, histories })) if (!isGood) failed(`${name}: the ${what} failed.`);
    return [version, suite.passed, suite.failed, suite.skipped, share(race), share(histories)];
  } finally {
    await server.stop();
  }
}

/** Runs tests, and returns how many passed. */
async function npm(env, ...words) {
  const report = join(directory, 'report.json');
  await rm(report, { force: true });
  const [code] = await once(
    spawn('npm', [...words, '--', '--reporter=default', '--reporter=json', `--outputFile=${report}`], { env, stdio: 'inherit' }),
    'exit',
  );
  const {
    numPassedTests: passed,
    numFailedTests: failures,
    numPendingTests: skipped,
    testResults,
  } = JSON.parse(await readFile(report, 'utf8'));
  const files = testResults.map(({ name, assertionResults }) => ({ file: name, ...counts(assertionResults) }));
  return { passed, failed: failures, skipped, files, isGood: code === 0 };
}

function counts(results) {
  const of = (status) => results.filter((result) => result.status === status).length;
  return { passed: of('passed'), failed: of('failed') };
}

function share({ passed, failed: failures }) {
  return `${passed} of ${passed + failures}`;
}

function failed(reason) {
  reasons.push(reason);
  return 'FAILED';
}
