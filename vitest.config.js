import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const suite = process.env.SUITE;
const WHOLE = { branches: 100, lines: 100 };

export default defineConfig({
  // The decorators as TypeScript compiles them, with the types of constructor parameters, which Nest injects by.
  oxc: { target: 'es2023', decorator: { legacy: true, emitDecoratorMetadata: true } },
  resolve: { alias: { 'nestjs-smart-session': fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
  test: {
    // What takes minutes, and servers of its own: npm run test:faults, npm run test:cluster; and other stores: npm run test:history.
    include: suite ? [`test/${suite}/**/*.test.ts`] : ['test/**/*.test.ts', 'recipes/**/*.test.ts'],
    exclude: suite ? [] : ['test/{faults,cluster}/**', ...(process.env.HISTORY_SECONDS ? [] : ['test/history/peers*'])],
    globalSetup: 'test/support/global-setup.js',
    setupFiles: 'test/support/restore-process.js',
    // What an app gives by its path is loaded by Node itself.
    server: { deps: { external: [/smart-session-options-/, /test\/support\/servers\.js$/] } },
    globals: true,
    // The files of a worker share their modules: to load Nest and MikroORM anew for each of them took half of the time.
    isolate: false,
    // By default one core stays idle: of two that is half.
    maxWorkers: '100%',
    // In ms. For what hangs: real processes and servers are slow where others work too.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // What a change of a session goes through has no untested branch.
      thresholds: {
        'src/merge/**': WHOLE,
        'src/commit/session-committer.ts': WHOLE,
        'src/commit/pending-commit.ts': WHOLE,
        // One branch is of the compiled decorator, for a parameter whose type is no class.
        'src/commit/record-change-builder.ts': { branches: -1, lines: 100 },
        'src/services/session.service.ts': WHOLE,
        'src/protocol/**': WHOLE,
        'src/live/live-turn.ts': WHOLE,
      },
    },
  },
});
