// Apps on each Nest, MikroORM and Node that the package says it works with, from ESM and from CommonJS: npm run test:matrix
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withApp } from './app-process.js';
import { compile, RESOLUTIONS } from './compile.js';
import { databaseOf } from './databases.js';
import { FORMATS, installNodes, installPair, pack } from './install.js';
import { MANAGERS, nodeRuntime, titleOf } from './managers.js';
import { provideNative } from './native-package.js';
import { Report } from './report.js';
import { TEMPLATES, tryTemplates } from './template-cells.js';
import { verdict } from './verdict.js';
import { NODES, pairs } from './versions.js';
import { APPS as WORKSPACE_APPS, tryManager } from './workspace-cells.js';
import { installTools } from './workspace.js';

/** The ends of the range. */
const SHORT = [
  { pair: 'nest-11-mikro-orm-6', major: 20, format: 'CommonJS' },
  { pair: 'nest-12-mikro-orm-7', major: 26, format: 'ESM' },
];

/** `MATRIX=short`, or `MATRIX=nest-11,20` for what has both in its name; without it all. */
const asked = process.env.MATRIX;
/** As for `npm test`; without it all. */
const databases = process.env.DATABASE?.split(',');

const HEAD = ['Nest', 'MikroORM', 'Node', 'app'];
const report = new Report(HEAD);
const templateReport = new Report(['`nest new` of', 'MikroORM', 'Node', 'installed by']);
const workspaceReport = new Report(['package manager', 'Nest', 'MikroORM', 'runtime']);
const directory = await mkdtemp(join(tmpdir(), 'matrix-'));
try {
  await tryAll();
} finally {
  await rm(directory, { recursive: true, force: true });
}
const reports = [report, templateReport, workspaceReport].filter((one) => one.hasRows);
for (const one of reports) console.log(`\n${one}`);
process.exitCode = reports.length > 0 && reports.every((one) => one.isGood) ? 0 : 1;

function isAsked(app) {
  if (!asked) return true;
  if (asked === 'short')
    return SHORT.some(({ pair, major, format }) => pair === app.pair.name && major === app.major && format === app.format);
  return asked.split(',').every((word) => `${app.pair.name} ${app.format} Node ${app.major}`.toLowerCase().includes(word.toLowerCase()));
}

/** The short form has one driver for SQLite: to compile another takes longer than all else. */
function isWanted({ name }) {
  return databases ? databases.includes(name) : asked !== 'short' || name !== 'better-sqlite';
}

async function tryAll() {
  const apps = pairs()
    .flatMap((pair) => pair.nodes.flatMap((major) => Object.keys(FORMATS).map((format) => ({ pair, major, format }))))
    .filter(isAsked);
  const templates = TEMPLATES.filter(isTemplateAsked);
  const managers = MANAGERS.filter(isManagerAsked);
  const inWorkspaces = managers.length > 0 ? WORKSPACE_APPS : [];
  const tarball = await pack(directory);
  const majors = new Set([...apps, ...templates, ...inWorkspaces].map(({ major }) => major));
  const nodes = await installNodes(join(directory, 'nodes'), [...majors]);
  await tryAllTemplates(templates, tarball, nodes);
  for (const [name, ofPair] of Object.entries(Object.groupBy(apps, ({ pair }) => pair.name))) await tryPair(name, ofPair, tarball, nodes);
  await tryManagers(managers, tarball, nodes);
}

/** The short form has the first. */
function isManagerAsked(manager, position) {
  if (!asked) return true;
  if (asked === 'short') return position === 0;
  return asked.split(',').every((word) => `workspace ${titleOf(manager)}`.toLowerCase().includes(word.toLowerCase()));
}

/** The short form has one database, since the other cells have all. */
async function tryManagers(managers, tarball, nodes) {
  if (managers.length === 0) return;
  const tools = await installTools(join(directory, 'tools'), managers);
  const isInShort = ({ name }) => asked !== 'short' || name === 'postgresql';
  const surroundings = { directory, tools, tarball, nodes, isWanted: (driver) => isWanted(driver) && isInShort(driver) };
  for (const manager of managers) await tryManager(manager, surroundings, workspaceReport);
}

/** They have the driver of PostgreSQL. */
async function tryAllTemplates(templates, tarball, nodes) {
  if (templates.length === 0) return;
  const isLeftOut = databases && !databases.includes('postgresql');
  const database = isLeftOut ? undefined : await databaseOf({ dialect: 'postgresql' }, directory);
  if (!database) return console.log('Skipped: the apps of `nest new` need PostgreSQL.');
  const surroundings = { directory, tarball, nodes, database: database.connection, isShort: asked === 'short' };
  for (const ofOne of Object.values(Object.groupBy(templates, ({ name }) => name))) await tryTemplates(ofOne, surroundings, templateReport);
}

/** The short form has the first. */
function isTemplateAsked({ name, major }, position) {
  if (!asked) return true;
  if (asked === 'short') return position === 0;
  return asked.split(',').every((word) => `${name} Node ${major}`.includes(word));
}

async function tryPair(name, apps, tarball, nodes) {
  const home = join(directory, name);
  const [{ pair }] = apps;
  try {
    await installPair(home, pair, tarball);
  } catch (error) {
    report.add([pair.nest, pair.orm, '–', '–'], { install: report.failed(error.message) });
    return;
  }
  for (const [format, ofFormat] of Object.entries(Object.groupBy(apps, (app) => app.format))) {
    const files = join(home, format);
    const types = await tryTypes({ pair, format, files });
    for (const app of ofFormat) await tryApp({ ...app, home, files, types, node: nodes[app.major] });
  }
}

async function tryApp(app) {
  const { pair, major, format, types } = app;
  const results = { types };
  for (const driver of pair.drivers.filter(isWanted)) results[driver.name] = await tryDatabase(app, driver);
  report.add([pair.nest, pair.orm, NODES[major], format], results);
}

/** By each way to resolve modules. The short form has one beside the app's own. */
async function tryTypes({ pair, format, files }) {
  const resolutions = asked === 'short' ? ['bundler'] : Object.keys(RESOLUTIONS).filter((name) => isPossible(name, pair, format));
  const wrong = [];
  for (const resolution of [undefined, ...resolutions]) {
    const { own, foreign } = await compile(files, resolution);
    wrong.push(...own.map((error) => `${resolution ?? 'nodenext'}: ${error}`));
    if (foreign.length > 0)
      report.remark(`${pair.name}: ${foreign.length} errors in the declarations of other packages, such as ${foreign[0].slice(0, 160)}`);
  }
  return wrong.length === 0 ? 'ok' : report.failed(`types of ${pair.name}, ${format}: ${wrong.join(' ')}`);
}

/** TypeScript 7 has no `node10`. Its `node16` lets CommonJS import no ES modules, which NestJS 12 and MikroORM 7 are. */
function isPossible(resolution, { nest, orm, dependencies }, format) {
  if (resolution === 'node10') return dependencies.typescript.startsWith('5.');
  return resolution !== 'node16' || format === 'ESM' || (nest.startsWith('11.') && orm.startsWith('6.'));
}

async function tryDatabase(app, driver) {
  const { pair, major, format, home, files, node } = app;
  const database = await databaseOf(driver, await emptyDirectory(join(files, `node-${major}`)));
  if (!database) return report.skipped(`${driver.name}: no server answers.`);
  try {
    if (driver.native) await provideNative(driver.native, home, major, node);
  } catch (error) {
    return report.skipped(`${driver.native} of MikroORM ${pair.orm} cannot be compiled for Node ${NODES[major]}: ${error.message}`);
  }
  try {
    return report.passed(await withApp(nodeRuntime({ node }), files, database, verdict));
  } catch (error) {
    return report.failed(`${pair.name}, Node ${NODES[major]}, ${format}, ${driver.name}: ${error.message}`);
  }
}

async function emptyDirectory(path) {
  await rm(path, { recursive: true, force: true });
  await mkdir(path);
  return path;
}
