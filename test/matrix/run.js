// Apps on each Nest, MikroORM and Node that the package says it works with, from ESM and from CommonJS: npm run test:matrix
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withApp } from './app-process.js';
import { compile } from './compile.js';
import { databaseOf } from './databases.js';
import { FORMATS, installNodes, installPair, pack } from './install.js';
import { provideNative } from './native-package.js';
import { race, REQUESTS, ROUNDS } from './race.js';
import { Report } from './report.js';
import { BUNDLERS, checkTypes, installByPnpm, installTemplate, runBundle, runScript } from './template.js';
import { NODES, pairs } from './versions.js';

/** The ends of the range. */
const SHORT = [
  { pair: 'nest-11-mikro-orm-6', major: 20, format: 'CommonJS' },
  { pair: 'nest-12-mikro-orm-7', major: 26, format: 'ESM' },
];

/** The app that `nest new` of NestJS 11 makes, in CommonJS and with Jest. */
const TEMPLATES = [
  { name: 'template', installer: 'npm', major: 22, bundlers: Object.keys(BUNDLERS) },
  { name: 'template', installer: 'npm', major: 24, bundlers: [] },
  { name: 'template-pnpm', installer: 'pnpm', major: 22, bundlers: [] },
];

/** `MATRIX=short`, or `MATRIX=nest-11,20` for what has both in its name; without it all. */
const asked = process.env.MATRIX;
/** As for `npm test`; without it all. */
const databases = process.env.DATABASE?.split(',');

const report = new Report();
const templateReport = new Report();
const directory = await mkdtemp(join(tmpdir(), 'matrix-'));
try {
  await tryAll();
} finally {
  await rm(directory, { recursive: true, force: true });
}
const reports = [report, templateReport].filter((one) => one.hasRows);
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
  const tarball = await pack(directory);
  const nodes = await installNodes(join(directory, 'nodes'), [...new Set([...apps, ...templates].map(({ major }) => major))]);
  for (const ofOne of Object.values(Object.groupBy(templates, ({ name }) => name))) await tryTemplates(ofOne, tarball, nodes);
  for (const [name, ofPair] of Object.entries(Object.groupBy(apps, ({ pair }) => pair.name))) await tryPair(name, ofPair, tarball, nodes);
}

/** The short form has the first. */
function isTemplateAsked({ name, major }, position) {
  if (!asked) return true;
  if (asked === 'short') return position === 0;
  return asked.split(',').every((word) => `${name} Node ${major}`.includes(word));
}

async function tryTemplates(templates, tarball, nodes) {
  const [{ name, installer }] = templates;
  const database = databases && !databases.includes('postgresql') ? undefined : await databaseOf({ dialect: 'postgresql' }, directory);
  if (!database) return console.log(`Skipped: ${name} needs PostgreSQL.`);
  const home = join(directory, name);
  const bundlers = asked === 'short' ? ['esbuild'] : Object.keys(BUNDLERS);
  const attempt = (what, work) =>
    work().then(
      (result) => templateReport.passed(result),
      (error) => templateReport.failed(`${name}, ${what}: ${error.message}`),
    );
  try {
    if (installer === 'pnpm') await installByPnpm(home, tarball);
    else await installTemplate(home, tarball, Object.assign({}, ...bundlers.map((bundler) => BUNDLERS[bundler])));
  } catch (error) {
    return templateReport.add(['11.2.10', '6.6.16', '–', installer], { install: templateReport.failed(error.message) });
  }
  for (const { major, bundlers: wanted } of templates) {
    const app = { directory: home, node: nodes[major], database: database.connection };
    const results = { types: await attempt('types', () => checkTypes(app)) };
    for (const script of ['test', 'test:e2e'])
      results[`npm run ${script}`] = await attempt(`npm run ${script}, Node ${NODES[major]}`, () => runScript(app, script));
    for (const bundler of wanted.filter((one) => bundlers.includes(one)))
      results[bundler] = await attempt(bundler, () => runBundle(app, bundler));
    templateReport.add(['11.2.10', '6.6.16', NODES[major], installer], results);
  }
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
  for (const app of apps) await tryApp({ ...app, home, files: join(home, app.format), node: nodes[app.major] });
}

async function tryApp(app) {
  const { pair, major, format } = app;
  const results = { types: await tryTypes(app) };
  for (const driver of pair.drivers.filter(isWanted)) results[driver.name] = await tryDatabase(app, driver);
  report.add([pair.nest, pair.orm, NODES[major], format], results);
}

async function tryTypes({ pair, format, files }) {
  const { own, foreign } = await compile(files);
  if (foreign.length > 0)
    report.remark(`${pair.name}: ${foreign.length} errors in the declarations of other packages, such as ${foreign[0].slice(0, 160)}`);
  return own.length === 0 ? 'ok' : report.failed(`types of ${pair.name}, ${format}: ${own.join(' ')}`);
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
    return await withApp(node, files, database, verdict);
  } catch (error) {
    return report.failed(`${pair.name}, Node ${NODES[major]}, ${format}, ${driver.name}: ${error.message}`);
  }
}

async function emptyDirectory(path) {
  await rm(path, { recursive: true, force: true });
  await mkdir(path);
  return path;
}

/** Races each way of the library, none of which may lose a key, and a store that must lose some. */
async function verdict({ control, ...ways }) {
  const all = ROUNDS * REQUESTS;
  const kept = [];
  for (const [way, url] of Object.entries(ways)) {
    const keys = await race(url);
    if (keys !== all) throw new Error(`${way}: of ${all} keys ${keys} are kept.`);
    kept.push(keys);
  }
  const ofControl = await race(control);
  if (ofControl === all) throw new Error('The control, a store that writes whole sessions, has lost nothing: the race shows nothing.');
  return report.passed(`${kept.join(' + ')} (control ${ofControl})`);
}
