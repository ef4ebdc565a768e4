import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const suite = process.env.SUITE;
/** Tests of commands, builds and processes of their own, which choose their platform themselves. */
const WITHOUT_REQUESTS = [
  'cli',
  'cli-doctor',
  'cli-init',
  'cli-migration',
  'cli-reseal',
  'cli-sessions',
  'commonjs-build',
  'import',
  'limit-processes',
  'one-file-bundle',
  'orders',
  'production',
  'race-lab',
  'sample-app',
  'token-refresh',
  'watch',
];

const WHOLE = { branches: 100, lines: 100 };

/** Tests that take minutes have their own commands: npm run test:faults, test:cluster, test:nemesis, test:workloads, test:site and test:history. */
const ALL = {
  include: suite ? [`test/${suite}/**/*.test.ts`] : ['test/**/*.test.ts', 'recipes/**/*.test.ts', 'packages/**/*.test.ts'],
  exclude: suite
    ? []
    : [
        'test/{faults,cluster,nemesis,prisma,site}/**',
        '**/node_modules/**',
        'test/workloads/galera*',
        'test/e2e/fastify-*',
        ...(process.env.HISTORY_SECONDS ? [] : ['test/history/peers*']),
      ],
};

/** The tests that also run on Fastify: those of requests, except those whose middleware or measure is Express's. */
const ON_FASTIFY = {
  include: ['test/e2e/**/*.test.ts'],
  exclude: [
    'body-middleware',
    'held-answers',
    'held-calls',
    'refused-answers',
    'light-my-request',
    'serverless-http',
    ...WITHOUT_REQUESTS,
  ].map((name) => `test/e2e/${name}.test.ts`),
};

export default defineConfig({
  // Decorators as TypeScript compiles them. Nest injects by the types of constructor parameters.
  oxc: { target: 'es2023', decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: { alias: { 'nestjs-smart-session': fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
  test: {
    projects: [
      { extends: true, test: { name: 'express', ...ALL } },
      ...(suite ? [] : [{ extends: true, test: { name: 'fastify', ...ON_FASTIFY, env: { PLATFORM: 'fastify' } } }]),
    ],
    globalSetup: 'test/support/global-setup.js',
    setupFiles: 'test/support/restore-process.js',
    // Node itself loads the modules that an app gives by path.
    server: { deps: { external: [/smart-session-options-/, /test\/support\/servers\.js$/] } },
    globals: true,
    // The files of a worker share their modules. Otherwise each file would load Nest and MikroORM again.
    isolate: false,
    // More than cores, because the tests wait for databases and other processes half of their time.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    // Concurrent tests spend their time waiting for a database that is far away.
    maxConcurrency: 16,
    // In ms. Only a test that hangs takes so long: real processes and servers are slow on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // The code that changes a session has no untested branch.
      thresholds: {
        'src/merge/**': WHOLE,
        'src/commit/session-committer.ts': WHOLE,
        'src/commit/pending-commit.ts': WHOLE,
        // The compiled decorator adds one branch, for a parameter whose type is not a class.
        'src/commit/record-change-builder.ts': { branches: -1, lines: 100 },
        'src/services/session.service.ts': WHOLE,
        'src/protocol/**': WHOLE,
        'src/live/live-turn.ts': WHOLE,
      },
    },
  },
});
