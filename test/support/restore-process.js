import { afterAll, vi } from 'vitest';

// Runs with each test file. The files of a worker share their process, so a file must undo its changes to it.
const FIRST = Symbol.for('the process before the first test file');

const clocks = () => ({ setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, Date, performance });
const first = (globalThis[FIRST] ??= { env: { ...process.env }, clocks: clocks(), now: performance.now });

for (const name of Object.keys(process.env)) if (!(name in first.env)) delete process.env[name];
Object.assign(process.env, first.env);
// If this is set, MikroORM prefers TypeScript files, also in the processes that the tests start.
delete process.env.VITEST;

afterAll(() => {
  // A spy on a fake timer would put the fake one back, in any later file.
  vi.restoreAllMocks();
  vi.useRealTimers();
  const changed = Object.entries(clocks()).flatMap(([name, clock]) => (clock === first.clocks[name] ? [] : name));
  if (performance.now !== first.now) changed.push('performance.now');
  Object.assign(globalThis, first.clocks);
  if (changed.length > 0) throw new Error(`This file has left its own ${changed.join(', ')}. Restore spies before the real timers.`);
});
