import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Packages that other packages import, but do not name in their package.json.
 *
 * @type {Record<string, { dependencies?: object, peerDependencies?: object, peerDependenciesMeta?: object }>}
 */
export const FORGOTTEN = {
  '@nestjs/platform-express@11.2.10': { peerDependencies: { rxjs: '*' } },
  '@nestjs/core@12.5.1': { dependencies: { '@standard-schema/spec': '*' } },
  '@mikro-orm/mariadb@7.2.1': { dependencies: { '@mikro-orm/sql': '7.2.1' } },
  '@mikro-orm/knex@6.6.16': {
    peerDependencies: { pg: '*', mysql2: '*' },
    peerDependenciesMeta: { pg: { optional: true }, mysql2: { optional: true } },
  },
};

const WORKSPACES = { workspaces: ['apps/*'] };

/** pnpm refuses what does not fit a peer dependency, and looks for no package that is missing. */
const STRICT = { packages: ['apps/*'], strictPeerDependencies: true, autoInstallPeers: false, confirmModulesPurge: false };

const YARN_SETTINGS = { enableScripts: false, enableTelemetry: false, enableImmutableInstalls: false, enableMessageNames: false };

/**
 * A package manager and its settings.
 *
 * @typedef {object} Manager
 * @property {string} name
 * @property {string} version
 * @property {string} package what has it on the registry
 * @property {string} bin its program in this package
 * @property {string} [layout] what differs from the same manager elsewhere
 * @property {boolean} [isAlone] whether each app has a workspace of its own: npm gives apps with different Nests one copy of this package
 * @property {object} [manifest] of the workspace
 * @property {(pair: import('./versions.js').Pair) => Record<string, string>} [packages] what an app needs beside its own, or in another version
 * @property {Record<string, object | string>} [settings] files: objects are written as JSON, which is YAML too
 * @property {string[]} install
 * @property {string[]} [complain] tells all peers that are not met
 * @property {string[]} exec runs a command of the app's packages
 * @property {string[]} prune leaves the packages of `dependencies` alone
 * @property {(places: { root: string, program: string, node: string }) => import('./app-process.js').Runtime} [runtime] what starts an app
 */

const PNPM = {
  name: 'pnpm',
  package: 'pnpm',
  install: ['install', '--ignore-scripts', '--prefer-offline'],
  exec: ['exec'],
  prune: ['install', '--ignore-scripts', '--prefer-offline', '--prod'],
};

const YARN = {
  name: 'Yarn',
  version: '4.18.1',
  package: '@yarnpkg/cli-dist',
  bin: 'bin/yarn.js',
  manifest: WORKSPACES,
  install: ['install'],
  complain: ['explain', 'peer-requirements'],
  exec: ['run'],
  prune: ['workspaces', 'focus', '--all', '--production'],
};

const NPM = {
  name: 'npm',
  version: '11.19.1',
  package: 'npm',
  bin: 'bin/npm-cli.js',
  manifest: WORKSPACES,
  install: ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'],
  exec: ['exec', '--'],
  prune: ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'],
};

/** @type {Manager[]} */
export const MANAGERS = [
  {
    ...PNPM,
    version: '10.34.8',
    bin: 'bin/pnpm.cjs',
    layout: 'hoist: false',
    settings: { 'pnpm-workspace.yaml': { ...STRICT, hoist: false, packageExtensions: FORGOTTEN } },
  },
  { ...PNPM, version: '12.21.0', bin: 'bin/pnpm.mjs', settings: { 'pnpm-workspace.yaml': STRICT } },
  { ...NPM, layout: 'ci --omit=dev', isAlone: true },
  {
    ...NPM,
    layout: 'install-strategy=nested',
    settings: { '.npmrc': 'install-strategy=nested' },
    // The driver of MariaDB does not name it.
    packages: ({ orm }) => (orm.startsWith('7.') ? { '@mikro-orm/sql': orm } : {}),
  },
  { ...YARN, layout: 'node-modules', settings: { '.yarnrc.yml': { ...YARN_SETTINGS, nodeLinker: 'node-modules' } } },
  {
    ...YARN,
    layout: "Plug'n'Play",
    settings: { '.yarnrc.yml': { ...YARN_SETTINGS, nodeLinker: 'pnp', packageExtensions: FORGOTTEN } },
    // Yarn patches TypeScript, and can do so up to version 6.
    packages: () => ({ typescript: '5.9.3' }),
    runtime: ({ root, node }) => ({ ...nodeRuntime({ node }), env: { NODE_OPTIONS: plugAndPlay(root) } }),
  },
  {
    name: 'Bun',
    version: '1.4.5',
    package: '@oven/bun-linux-x64',
    bin: 'bin/bun',
    manifest: WORKSPACES,
    install: ['install', '--ignore-scripts'],
    exec: ['--bun', 'run'],
    prune: ['install', '--ignore-scripts', '--production'],
    runtime: ({ program }) => ({ name: 'Bun 1.4.5', command: program, script: 'main.ts' }),
  },
];

/** @param {Manager} manager */
export function titleOf({ name, version, layout }) {
  return [`${name} ${version}`, layout].filter(Boolean).join(', ');
}

/** The app on a Node. */
export function nodeRuntime({ node }) {
  return { command: join(node, 'bin/node'), script: 'dist/main.js' };
}

/** Yarn's loaders: that of ES modules is there if an app has any. */
function plugAndPlay(root) {
  const loader = join(root, '.pnp.loader.mjs');
  const ofModules = existsSync(loader) ? ` --experimental-loader ${pathToFileURL(loader)}` : '';
  return `--require ${join(root, '.pnp.cjs')}${ofModules}`;
}
