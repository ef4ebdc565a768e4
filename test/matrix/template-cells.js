import { join } from 'node:path';
import { STARTERS } from './starters.js';
import { checkTypes, installByPnpm, installTemplate, runBuild, runBundle, runScript } from './template.js';
import { NODES } from './versions.js';

/** The apps that `nest new` makes. */
export const TEMPLATES = [
  { name: 'template', starter: 'Nest 11', installer: 'npm', major: 22, isBundled: true },
  { name: 'template', starter: 'Nest 11', installer: 'npm', major: 24 },
  { name: 'template-pnpm', starter: 'Nest 11', installer: 'pnpm', major: 22 },
  { name: 'template-nest-12-commonjs', starter: 'Nest 12, CommonJS', installer: 'npm', major: 24 },
  { name: 'template-nest-12-esm', starter: 'Nest 12, ESM', installer: 'npm', major: 22 },
  { name: 'template-nest-12-esm', starter: 'Nest 12, ESM', installer: 'npm', major: 26 },
];

/**
 * Installs an app once, and runs its tests and builds on each of its Nodes.
 *
 * @param {typeof TEMPLATES} templates those of one name
 * @param {{ directory: string, tarball: string, nodes: Record<number, string>, database: object, isShort: boolean }} surroundings
 * @param {import('./report.js').Report} report
 */
export async function tryTemplates(templates, { directory, tarball, nodes, database, isShort }, report) {
  const [{ name, installer, starter: of }] = templates;
  const starter = STARTERS[of];
  const home = join(directory, name);
  const bundlers = Object.entries(starter.bundlers).slice(0, isShort ? 1 : undefined);
  const builders = isShort || installer === 'pnpm' ? [] : Object.entries(starter.builders);
  const attempt = (what, work) => report.attempt(`${name}, ${what}`, work);
  const orm = starter.packages['@mikro-orm/core'];
  try {
    if (installer === 'pnpm') await installByPnpm(home, starter, tarball);
    else await installTemplate(home, starter, tarball, Object.assign({}, ...[...bundlers, ...builders].map(([, packages]) => packages)));
  } catch (error) {
    return report.add([of, orm, '–', installer], { install: report.failed(error.message) });
  }
  for (const { major, isBundled } of templates) {
    const app = { directory: home, node: nodes[major], database };
    const results = { types: await attempt('types', () => checkTypes(app)) };
    for (const script of ['test', 'test:e2e'])
      results[`npm run ${script}`] = await attempt(`npm run ${script}, Node ${NODES[major]}`, () => runScript(app, script));
    for (const [parameters] of builders) {
      const command = `nest build ${parameters}`.trim();
      results[command] = await attempt(command, () => runBuild(app, parameters));
    }
    for (const [bundler] of isBundled ? bundlers : []) results[bundler] = await attempt(bundler, () => runBundle(app, bundler));
    report.add([of, orm, NODES[major], installer], results);
  }
}
