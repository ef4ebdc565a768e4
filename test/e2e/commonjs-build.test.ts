import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from '../../commonjs/bundle.js';

interface Found {
  readonly kept: number[];
  readonly refused: number[];
  readonly exported: string[][];
  readonly isOne: boolean;
  readonly isDeletedOne: boolean;
}

describe('the CommonJS build', () => {
  let directory: string;
  let file: string;
  let found: Found;

  beforeAll(async () => {
    directory = await mkdtemp('build/commonjs-');
    file = join(directory, 'index.cjs');
    await bundle('build/src/index.js', file);
    const program = ['build/test/support/both-builds.js', join(process.cwd(), file), join(directory, 'both.sqlite')];
    const { stdout } = await promisify(execFile)(process.execPath, program);
    found = JSON.parse(stdout) as Found;
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('exports what the ES module exports', () => {
    const [esm, cjs] = found.exported;
    expect(cjs).toEqual(esm);
  });

  it('imports nothing by `import()`, and nothing that is an ES module alone in an app on NestJS 11 and MikroORM 6', () => {
    const code = readFileSync(file, 'utf8');
    const required = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name!).filter((name) => !name.startsWith('node:'));
    expect(code).not.toMatch(/\bimport\(/);
    expect([...new Set(required)].toSorted()).toEqual([
      '@mikro-orm/better-sqlite',
      '@mikro-orm/core',
      '@mikro-orm/mariadb',
      '@mikro-orm/mysql',
      '@mikro-orm/postgresql',
      '@mikro-orm/sqlite',
      '@nestjs/common',
      '@nestjs/core',
      '@opentelemetry/api',
      'express-session',
      'reflect-metadata',
      'rxjs',
    ]);
  });

  it('does no harm beside the ES module in one process: their apps share a session and lose no key', () => {
    expect(found).toMatchObject({ isOne: false, isDeletedOne: true, kept: [21, 21], refused: [500, 500] });
  });
});

describe('the exports of the package', () => {
  it('give the CommonJS build only to loaders that cannot require an ES module', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Record<'.', Record<string, { default: string }>> };
    // The first that a loader knows is taken. Node and Jest know `module-sync` if they can require an ES module. Bun can, but knows only `bun`.
    // Bundlers know `module`.
    expect(Object.entries(exports['.']).map(([condition, { default: file }]) => [condition, file])).toEqual([
      ['bun', './dist/index.js'],
      ['module-sync', './dist/index.js'],
      ['module', './dist/index.js'],
      ['import', './dist/index.js'],
      ['require', './dist/cjs/index.js'],
    ]);
  });
});
