import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { install, npm } from './npm.js';

const HERE = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);

const PNPM = '10.34.8';

/** What NestJS, MikroORM 6 and knex import only if it is there. */
const EXTERNAL = [
  '@nestjs/microservices',
  '@nestjs/websockets',
  'class-validator',
  'class-transformer',
  'file-type',
  '@mikro-orm/seeder',
  '@mikro-orm/migrations',
  '@mikro-orm/entity-generator',
  'better-sqlite3',
  'sqlite3',
  'mariadb',
  'libsql',
  'oracledb',
  'mysql',
  'mysql2',
  'tedious',
  'pg-native',
  'pg-query-stream',
];

/**
 * Lays the app out that `nest new` makes, with sessions in it.
 *
 * @param {string} directory a new one
 * @param {import('./starters.js').Starter} starter
 * @param {string} tarball
 * @returns {Promise<object>} its package.json, with exact versions
 */
async function layOut(directory, { schematics, files, type, packages }, tarball) {
  await mkdir(directory);
  const { stdout } = await npm(['pack', '--silent', `@nestjs/schematics@${schematics}`, '--pack-destination', directory], directory);
  await run('tar', ['-xzf', join(directory, stdout.trim()), '-C', directory]);
  await cp(join(directory, 'package/dist/lib/application/files', files), directory, { recursive: true });
  await rm(join(directory, 'package'), { recursive: true });
  const values = { name: 'template', version: '0.0.1', strict: 'true', specFileSuffix: 'spec' };
  for (const file of await readdir(directory, { recursive: true })) {
    if (!/\.(ts|json)$/.test(file)) continue;
    const text = await readFile(join(directory, file), 'utf8');
    await writeFile(join(directory, file), text.replaceAll(/<%= (\w+) %>/g, (_, name) => values[name] ?? '').replaceAll(/<% .*? %>/g, ''));
    if (file.includes('__specFileSuffix__'))
      await rename(join(directory, file), join(directory, file.replace('__specFileSuffix__', 'spec')));
  }
  await copySources(directory, type);
  await writeFile(join(directory, 'external.json'), JSON.stringify(EXTERNAL));
  const { scripts, jest } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
  return { private: true, type, scripts, jest, dependencies: { ...packages, 'nestjs-smart-session': `file:${tarball}` } };
}

/** ES modules import files by their whole names. */
async function copySources(directory, type) {
  const sources = join(HERE, 'template');
  await cp(sources, directory, { recursive: true });
  if (type !== 'module') return;
  for (const file of (await readdir(sources, { recursive: true })).filter((name) => name.endsWith('.ts'))) {
    const text = await readFile(join(sources, file), 'utf8');
    await writeFile(join(directory, file), text.replaceAll(/from '(\.[^']+)'/g, "from '$1.js'"));
  }
}

/**
 * Installs the app, by npm or by pnpm.
 *
 * @param {string} directory a new one
 * @param {import('./starters.js').Starter} starter
 * @param {string} tarball
 * @param {object} others more packages
 */
export async function installTemplate(directory, starter, tarball, others) {
  const { dependencies, ...manifest } = await layOut(directory, starter, tarball);
  await install(directory, { ...manifest, dependencies: { ...dependencies, ...others } });
}

/** The same by pnpm, whose node_modules shows a package only what that package names. */
export async function installByPnpm(directory, starter, tarball) {
  await writeFile(join(directory, 'package.json'), JSON.stringify(await layOut(directory, starter, tarball)));
  await said(npm(['exec', '--yes', `pnpm@${PNPM}`, '--', 'install', '--prefer-offline', '--ignore-scripts'], directory));
}

/**
 * Runs one of the template's scripts, such as `npm test`.
 *
 * @param {{ directory: string, node: string, database: object }} app
 * @param {string} script
 */
export async function runScript(app, script) {
  await said(run('npm', ['run', script], surroundings(app)));
  return 'ok';
}

/** Checks the types by the template's own settings. */
export async function checkTypes(app) {
  await said(
    run(
      join(app.node, 'bin/node'),
      ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit', '--incremental', 'false'],
      surroundings(app),
    ),
  );
  return 'ok';
}

/** Compiles the app, makes one file of it, and runs that where there is no node_modules. */
export async function runBundle(app, bundler) {
  const { directory, node } = app;
  const elsewhere = `${directory}-${bundler}`;
  await mkdir(elsewhere);
  await said(
    run(
      join(node, 'bin/node'),
      ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--incremental', 'false'],
      surroundings(app),
    ),
  );
  await said(run(join(directory, 'node_modules/.bin', bundler), parametersOf(bundler), surroundings(app, { OUTFILE: 'bundle.js' })));
  await cp(join(directory, 'bundle.js'), join(elsewhere, 'bundle.js'));
  return start('bundle.js', { ...app, directory: elsewhere });
}

/**
 * Builds the app by `nest build`, and runs it.
 *
 * @param {{ directory: string, node: string, database: object }} app
 * @param {string} parameters of `nest build`
 */
export async function runBuild(app, parameters) {
  const { directory, node } = app;
  await rm(join(directory, 'dist'), { recursive: true, force: true });
  const nest = join(directory, 'node_modules/@nestjs/cli/bin/nest.js');
  await said(run(join(node, 'bin/node'), [nest, 'build', ...parameters.split(' ').filter(Boolean)], surroundings(app)));
  return start('dist/main.js', app);
}

async function start(script, app) {
  const { stdout } = await said(run(join(app.node, 'bin/node'), [script], surroundings(app)));
  if (stdout !== '2 of number\n2 of number\n') throw new Error(`It said: ${stdout}`);
  return 'ok';
}

function parametersOf(bundler) {
  if (bundler === 'webpack') return ['--config', 'bundle.config.cjs'];
  if (bundler === 'rspack') return ['build', '--config', 'bundle.config.cjs'];
  return [
    'dist/main.js',
    '--bundle',
    '--minify',
    '--platform=node',
    '--outfile=bundle.js',
    '--log-level=error',
    ...EXTERNAL.map((name) => `--external:${name}`),
  ];
}

function surroundings({ directory, node, database }, more = {}) {
  const env = {
    ...process.env,
    PATH: `${join(node, 'bin')}:${process.env.PATH}`,
    TEMPLATE_DATABASE: JSON.stringify(database),
    NODE_OPTIONS: '',
    ...more,
  };
  return { cwd: directory, env, maxBuffer: 64 * 1024 * 1024 };
}

/** What a process has said is the reason why it failed. */
async function said(running) {
  try {
    return await running;
  } catch (error) {
    throw new Error([error.message.split('\n')[0], error.stdout, error.stderr].join('\n').trim().slice(0, 2000), { cause: error });
  }
}
