import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** The folder of the sample app. */
export const SAMPLE = 'sample-app';

/** A folder that marks the build. The first test file creates it, and the global set-up removes it. */
const TURN = 'build/sample-app';
const DONE = join(TURN, 'done');

const run = promisify(execFile);

/** A process of the sample app. */
export interface SampleApp {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/**
 * Builds the library and the sample app once in a run of the tests, because two builds at once would overwrite each other. Without
 * type checks, which `npm run check` does.
 */
export async function buildSampleApp(): Promise<void> {
  if (!takeTurn()) return waitForBuild();
  try {
    await compile('tsconfig.json');
    await run(process.execPath, ['commonjs/build.js']);
    await compile(`${SAMPLE}/tsconfig.json`);
  } finally {
    writeFileSync(DONE, '');
  }
}

/** Starts a process of the app. */
export async function startSampleApp(env: NodeJS.ProcessEnv): Promise<SampleApp> {
  const port = await freePort();
  const app = spawn(process.execPath, ['dist/main.js'], {
    cwd: SAMPLE,
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const early = once(app, 'exit').then(() => Promise.reject(new Error('The sample app ended before it had started.')));
  const [started] = (await Promise.race([once(app.stdout, 'data'), early])) as [Buffer];
  early.catch(() => undefined);
  const stop = async () => {
    app.kill();
    if (app.exitCode === null) await once(app, 'exit');
  };
  return { url: String(String(started).match(/http:\S+/)?.[0]), stop };
}

/** Runs a race of the lab, and returns what its page would be told. */
export async function race({ url }: SampleApp, plan: Readonly<Record<string, number>>): Promise<readonly Readonly<Record<string, any>>[]> {
  const query = new URLSearchParams(Object.entries(plan).map(([name, value]) => [name, String(value)]));
  const response = await fetch(`${url}/lab/race?${query}`);
  return [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!));
}

function compile(project: string) {
  return run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project, '--noCheck']);
}

function takeTurn(): boolean {
  try {
    mkdirSync(TURN);
    return true;
  } catch {
    return false;
  }
}

async function waitForBuild(): Promise<void> {
  while (!existsSync(DONE)) await sleep(100);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
