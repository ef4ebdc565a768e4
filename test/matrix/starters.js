/** Packages of every starter. */
const COMMON = {
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
  supertest: '7.3.2',
  '@types/express': '5.0.6',
  '@types/express-session': '1.19.0',
  '@types/node': '24.19.2',
  '@types/supertest': '7.2.1',
  'express-session': '1.19.0',
};

const JEST = { jest: '30.5.2', 'ts-jest': '29.4.15', '@types/jest': '30.0.0' };

const SWC = { '@swc/cli': '0.8.1', '@swc/core': '1.16.22' };

const WEBPACK = { webpack: '5.113.0', 'webpack-node-externals': '3.0.0', 'tsconfig-paths-webpack-plugin': '4.2.0' };

const RSPACK = { '@rspack/core': '2.3.3', 'webpack-node-externals': '3.0.0', 'tsconfig-paths-webpack-plugin': '4.2.0' };

const NEST_11 = {
  '@nestjs/common': '11.2.10',
  '@nestjs/core': '11.2.10',
  '@nestjs/platform-express': '11.2.10',
  '@nestjs/testing': '11.2.6',
  '@nestjs/cli': '11.0.24',
  typescript: '5.9.3',
};

const NEST_12 = {
  '@nestjs/common': '12.5.1',
  '@nestjs/core': '12.5.1',
  '@nestjs/platform-express': '12.5.1',
  '@nestjs/testing': '12.1.1',
  '@nestjs/cli': '12.0.8',
  typescript: '6.0.3',
};

const MIKRO_ORM_6 = { '@mikro-orm/core': '6.6.16', '@mikro-orm/nestjs': '6.1.2', '@mikro-orm/postgresql': '6.6.16' };

const MIKRO_ORM_7 = { '@mikro-orm/core': '7.2.1', '@mikro-orm/nestjs': '7.1.0', '@mikro-orm/postgresql': '7.2.1' };

/**
 * The output of `nest new`: the package and the folder that have its files, its packages, and what builds it. `builders` has the
 * parameters of `nest build` with the packages that they need.
 *
 * @typedef {{ schematics: string, files: string, type: string, packages: Record<string, string>, builders: Record<string, object>, bundlers: Record<string, object> }} Starter
 */

/** @type {Record<string, Starter>} */
export const STARTERS = {
  'Nest 11': {
    schematics: '11.1.0',
    files: 'ts',
    type: 'commonjs',
    packages: { ...COMMON, ...NEST_11, ...MIKRO_ORM_6, ...JEST },
    builders: { '': {}, '--webpack': { 'ts-loader': '9.6.2' }, '-b swc': SWC },
    // The short form tries the first.
    bundlers: {
      esbuild: { esbuild: '0.28.2' },
      webpack: { webpack: '5.113.0', 'webpack-cli': '7.3.1' },
      rspack: { '@rspack/core': '2.3.3', '@rspack/cli': '2.2.8' },
    },
  },
  'Nest 12, CommonJS': {
    schematics: '12.0.6',
    files: 'ts',
    type: 'commonjs',
    packages: { ...COMMON, ...NEST_12, ...MIKRO_ORM_7, ...JEST, 'ts-node': '10.9.2' },
    builders: {
      '': {},
      '--webpack': { ...WEBPACK, 'ts-loader': '9.6.2', 'fork-ts-checker-webpack-plugin': '9.1.0' },
      '-b swc': SWC,
      '-b rspack': RSPACK,
    },
    bundlers: {},
  },
  'Nest 12, ESM': {
    schematics: '12.0.6',
    files: 'ts-esm',
    type: 'module',
    packages: { ...COMMON, ...NEST_12, ...MIKRO_ORM_7, vitest: '4.1.12', 'vite-tsconfig-paths': '5.1.4' },
    builders: { '': {}, '-b swc': SWC, '-b rspack': RSPACK },
    bundlers: {},
  },
};
