const suite = process.env.SUITE;

export default {
  // What takes minutes, and servers of its own: npm run test:faults, npm run test:cluster; and other stores: npm run test:history.
  roots: suite ? [`<rootDir>/test/${suite}`] : ['<rootDir>/test', '<rootDir>/recipes'],
  testPathIgnorePatterns: suite ? [] : ['/test/faults/', '/test/cluster/', ...(process.env.HISTORY_SECONDS ? [] : ['/test/history/peers'])],
  // By default jest leaves one core idle: of two that is half.
  maxWorkers: '100%',
  // In ms. For what hangs: real processes and servers are slow where others work too.
  testTimeout: 60_000,
  globalSetup: '<rootDir>/test/support/global-setup.js',
  collectCoverageFrom: ['src/**/*.ts'],
  coverageProvider: 'v8',
  // What a change of a session goes through has no untested branch.
  coverageThreshold: {
    './src/merge/': { branches: 100, lines: 100 },
    './src/commit/session-committer.ts': { branches: 100, lines: 100 },
    './src/commit/pending-commit.ts': { branches: 100, lines: 100 },
    './src/commit/record-change-builder.ts': { branches: 100, lines: 100 },
    './src/services/session.service.ts': { branches: 100, lines: 100 },
    './src/protocol/': { branches: 100, lines: 100 },
    './src/live/live-turn.ts': { branches: 100, lines: 100 },
  },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^nestjs-smart-session$': '<rootDir>/src/index', '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
        },
        module: { type: 'es6' },
      },
    ],
  },
};
