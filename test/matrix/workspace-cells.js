import { join } from 'node:path';
import { withApp } from './app-process.js';
import { databaseOf } from './databases.js';
import { FORMATS } from './install.js';
import { titleOf } from './managers.js';
import { verdict } from './verdict.js';
import { NODES, pairs } from './versions.js';
import { Workspace } from './workspace.js';

/** The ends of the range, side by side in each workspace. */
export const APPS = [
  { pair: pairs().find(({ name }) => name === 'nest-11-mikro-orm-6'), format: 'CommonJS', major: 20 },
  { pair: pairs().find(({ name }) => name === 'nest-12-mikro-orm-7'), format: 'ESM', major: 26 },
];

/**
 * Installs the workspaces of a package manager, and races in each app.
 *
 * @param {import('./managers.js').Manager} manager
 * @param {{ directory: string, tools: string, tarball: string, nodes: Record<number, string>, isWanted: (driver: object) => boolean }} surroundings
 * @param {import('./report.js').Report} report
 */
export async function tryManager(manager, surroundings, report) {
  for (const apps of manager.isAlone ? APPS.map((app) => [app]) : [APPS]) await tryWorkspace(manager, apps, surroundings, report);
}

async function tryWorkspace(manager, apps, { directory, tools, tarball, nodes, isWanted }, report) {
  const title = titleOf(manager);
  const folder = [title, ...apps.map(({ pair }) => pair.name)].join('-').replaceAll(/\W+/g, '-');
  const workspace = new Workspace(join(directory, folder), manager, tools);
  const attempt = (what, work) => report.attempt(`${title}, ${what}`, work);
  for (const { pair, format } of apps) await workspace.add(pair, FORMATS[format], tarball);
  const results = new Map();
  try {
    const installed = await attempt('install', async () => accept(await workspace.install(), title, report));
    for (const { pair } of apps) {
      const types = await attempt(`types of ${pair.name}`, async () => accept(await workspace.compile(pair), title, report));
      results.set(pair.name, {
        install: installed,
        types,
        'command line': await attempt(`command line of ${pair.name}`, () => printTable(workspace, pair)),
      });
    }
    await workspace.prune();
  } catch (error) {
    return report.add([title, '–', '–', '–'], { install: report.failed(error.message) });
  }
  for (const { pair, major } of apps) {
    const { runtime, directory: home } = workspace.appOf(pair, nodes[major]);
    const absent = pair.drivers.find(({ native }) => native)?.dialect;
    const row = results.get(pair.name);
    for (const driver of pair.drivers.filter((one) => !one.native && isWanted(one))) {
      const database = await databaseOf(driver, home);
      row[driver.name] = database
        ? await attempt(`${pair.name}, ${driver.name}`, () => withApp(runtime, home, { ...database, absent }, verdict))
        : report.skipped(`${driver.name}: no server answers.`);
    }
    report.add([title, pair.nest, pair.orm, runtime.name ?? `Node ${NODES[major]}`], row);
  }
}

/** Errors of this package fail the cell, and those of others are remarks. */
function accept({ own, foreign }, title, report) {
  for (const line of foreign) report.remark(`${title}: ${line.slice(0, 200)}`);
  if (own.length > 0) throw new Error(own.join(' '));
  return 'ok';
}

async function printTable(workspace, pair) {
  const said = await workspace.commandLine(pair, ['create-table', '--dialect', 'postgresql']);
  if (!said.includes('create table "sessions"')) throw new Error(said);
  return 'ok';
}
