import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { install, npm } from './npm.js';

const HERE = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);

/** What `nest new` of NestJS 11 makes is in this package. */
const SCHEMATICS = '@nestjs/schematics@11.1.0';

/** What of the template's dependencies its tests need, and what the sessions do. */
const VERSIONS = {
  '@nestjs/common': '11.2.10',
  '@nestjs/core': '11.2.10',
  '@nestjs/platform-express': '11.2.10',
  '@nestjs/testing': '11.2.6',
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
  jest: '30.5.2',
  'ts-jest': '29.4.15',
  typescript: '5.9.3',
  supertest: '7.3.2',
  '@types/express': '5.0.6',
  '@types/jest': '30.0.0',
  '@types/node': '24.19.2',
  '@types/supertest': '7.2.1',
  '@mikro-orm/core': '6.6.16',
  '@mikro-orm/nestjs': '6.1.2',
  '@mikro-orm/postgresql': '6.6.16',
  'express-session': '1.19.0',
  '@types/express-session': '1.18.2',
};

/** The bundlers, of which the short form tries the first. */
export const BUNDLERS = {
  esbuild: { esbuild: '0.28.2' },
  webpack: { webpack: '5.113.0', 'webpack-cli': '7.3.1' },
  rspack: { '@rspack/core': '2.3.3', '@rspack/cli': '2.2.8' },
};

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
 * Lays the CommonJS app out that `nest new` of NestJS 11 makes, with sessions in it.
 *
 * @param {string} directory a new one
 * @param {string} tarball
 * @returns {Promise<object>} its package.json, with exact versions
 */
async function layOut(directory, tarball) {
  await mkdir(directory);
  const { stdout } = await npm(['pack', '--silent', SCHEMATICS, '--pack-destination', directory], directory);
  await run('tar', ['-xzf', join(directory, stdout.trim()), '-C', directory]);
  await cp(join(directory, 'package/dist/lib/application/files/ts'), directory, { recursive: true });
  await rm(join(directory, 'package'), { recursive: true });
  const values = { name: 'template', version: '0.0.1', strict: 'true' };
  for (const file of await readdir(directory, { recursive: true })) {
    if (!/\.(ts|json)$/.test(file)) continue;
    const text = await readFile(join(directory, file), 'utf8');
    await writeFile(
      join(directory, file),
      text.replaceAll(/<%= (\w+) %>/g, (_, name) => values[name] ?? ''),
    );
    if (file.includes('__specFileSuffix__'))
      await rename(join(directory, file), join(directory, file.replace('__specFileSuffix__', 'spec')));
  }
  await cp(join(HERE, 'template'), directory, { recursive: true });
  await writeFile(join(directory, 'external.json'), JSON.stringify(EXTERNAL));
  const { scripts, jest } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
  return { private: true, scripts, jest, dependencies: { ...VERSIONS, 'nestjs-smart-session': `file:${tarball}` } };
}

/**
 * Installs the app, by npm or by pnpm.
 *
 * @param {string} directory a new one
 * @param {string} tarball
 * @param {object} others more packages
 */
export async function installTemplate(directory, tarball, others) {
  const { dependencies, ...manifest } = await layOut(directory, tarball);
  await install(directory, { ...manifest, dependencies: { ...dependencies, ...others } });
}

/** The same by pnpm, whose node_modules shows a package only what that package names. */
export async function installByPnpm(directory, tarball) {
  await writeFile(join(directory, 'package.json'), JSON.stringify(await layOut(directory, tarball)));
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
  const { stdout } = await said(run(join(node, 'bin/node'), ['bundle.js'], { ...surroundings(app), cwd: elsewhere }));
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
