import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorsOf } from './compile.js';
import { layOut } from './install.js';
import { nodeRuntime } from './managers.js';
import { install } from './npm.js';

const run = promisify(execFile);

/** Packages that a compiled app does not need. */
const ONLY_TO_COMPILE = new Set(['typescript', '@types/node', '@types/express-session']);

/**
 * Installs package managers.
 *
 * @param {string} directory a new one
 * @param {import('./managers.js').Manager[]} managers
 * @returns {Promise<string>} its `node_modules`
 */
export async function installTools(directory, managers) {
  const dependencies = managers.map((manager) => [folderOf(manager), `npm:${manager.package}@${manager.version}`]);
  await install(directory, { dependencies: Object.fromEntries(dependencies) });
  return join(directory, 'node_modules');
}

/** Two versions of a manager have two folders. */
const folderOf = ({ name, version }) => `${name.toLowerCase()}-${version}`;

/** A workspace of several apps, each on its own versions, by one package manager. */
export class Workspace {
  #root;
  #manager;
  #program;

  /**
   * @param {string} root a new directory
   * @param {import('./managers.js').Manager} manager
   * @param {string} tools the `node_modules` that have it
   */
  constructor(root, manager, tools) {
    this.#root = root;
    this.#manager = manager;
    this.#program = join(tools, folderOf(manager), manager.bin);
  }

  /**
   * Lays an app out. Drivers that must be compiled are left out.
   *
   * @param {import('./versions.js').Pair} pair
   * @param {string} type of its modules
   * @param {string} tarball
   */
  async add(pair, type, tarball) {
    const all = {
      ...pair.dependencies,
      ...this.#manager.packages?.(pair),
      '@types/express-session': '1.19.0',
      'nestjs-smart-session': `file:${tarball}`,
    };
    for (const { native, package: name } of pair.drivers) if (native) delete all[name];
    const isToCompile = ([name]) => ONLY_TO_COMPILE.has(name);
    const entries = Object.entries(all);
    const manifest = {
      name: pair.name,
      version: '1.0.0',
      private: true,
      type,
      dependencies: Object.fromEntries(entries.filter((entry) => !isToCompile(entry))),
      devDependencies: Object.fromEntries(entries.filter(isToCompile)),
    };
    await layOut(this.#directoryOf(pair), manifest, pair);
  }

  /**
   * Installs all that the apps need.
   *
   * @returns {Promise<{ own: string[], foreign: string[] }>} what the manager complains of: this package's peers, and others'
   */
  async install() {
    const { manifest, settings = {}, complain } = this.#manager;
    await writeFile(join(this.#root, 'package.json'), JSON.stringify({ name: 'workspace', private: true, ...manifest }));
    for (const [file, content] of Object.entries(settings))
      await writeFile(join(this.#root, file), typeof content === 'string' ? content : JSON.stringify(content));
    const said = await this.#run(this.#manager.install, this.#root);
    const lines = (complain ? await this.#run(complain, this.#root) : said)
      .split('\n')
      .filter((line) => /✘|peer dep|unmet|ERESOLVE/i.test(line));
    const isForeign = (line) => line.includes('✘') && !line.includes('nestjs-smart-session');
    return { own: lines.filter((line) => !isForeign(line)), foreign: lines.filter(isForeign) };
  }

  /** Compiles an app, as `compile` does. */
  compile(pair) {
    return errorsOf(this.#start([...this.#manager.exec, 'tsc', '--pretty', 'false'], this.#directoryOf(pair)));
  }

  /** Runs the package's command line in an app. */
  commandLine(pair, parameters) {
    return this.#run([...this.#manager.exec, 'smart-session', ...parameters], this.#directoryOf(pair));
  }

  /** Leaves only what a compiled app needs. */
  async prune() {
    await this.#run(this.#manager.prune, this.#root);
  }

  /** @returns {{ runtime: import('./app-process.js').Runtime, directory: string }} what starts an app */
  appOf(pair, node) {
    const runtime = (this.#manager.runtime ?? nodeRuntime)({ root: this.#root, program: this.#program, node });
    return { runtime, directory: this.#directoryOf(pair) };
  }

  #directoryOf({ name }) {
    return join(this.#root, 'apps', name);
  }

  async #run(parameters, cwd) {
    try {
      const { stdout, stderr } = await this.#start(parameters, cwd);
      return `${stdout}${stderr}`;
    } catch (error) {
      throw new Error([error.message.split('\n')[0], error.stdout, error.stderr].join('\n').trim().slice(0, 2000), { cause: error });
    }
  }

  #start(parameters, cwd) {
    const isScript = this.#program.endsWith('js');
    const [command, ...first] = isScript ? [process.execPath, this.#program] : [this.#program];
    return run(command, [...first, ...parameters], { cwd, maxBuffer: 64 * 1024 * 1024 });
  }
}
