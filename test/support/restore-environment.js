// Runs before each test file. The files of a worker share their process: what one has set in the environment ends with it.
const FIRST = Symbol.for('the environment before the first test file');

globalThis[FIRST] ??= { ...process.env };
for (const name of Object.keys(process.env)) if (!(name in globalThis[FIRST])) delete process.env[name];
Object.assign(process.env, globalThis[FIRST]);
// MikroORM prefers TypeScript files where it finds this, here and in the processes that the tests start.
delete process.env.VITEST;
