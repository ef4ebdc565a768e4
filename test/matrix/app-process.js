import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long an app may take to start, in ms. */
const STARTUP = 60_000;

/**
 * The program that runs an app.
 *
 * @typedef {{ name?: string, command: string, script: string, env?: Record<string, string> }} Runtime
 */

/**
 * Starts an app, and ends it after the work.
 *
 * @param {Runtime} runtime
 * @param {string} directory the app's
 * @param {object} database what it opens
 * @param {(urls: Record<string, string>) => Promise<Result>} work
 * @template Result
 * @returns {Promise<Result>}
 */
export async function withApp({ command, script, env = {} }, directory, database, work) {
  const app = spawn(command, [script, JSON.stringify(database)], {
    cwd: directory,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said = [];
  app.stderr.on('data', (data) => said.push(String(data)));
  const timer = setTimeout(() => app.kill('SIGKILL'), STARTUP);
  try {
    const urls = await firstLine(app);
    if (!urls) throw new Error(`The app did not start: ${said.join('').trim().slice(0, 2000)}`);
    clearTimeout(timer);
    return await work(JSON.parse(urls));
  } finally {
    clearTimeout(timer);
    await end(app);
  }
}

async function firstLine(app) {
  let text = '';
  for await (const chunk of app.stdout) {
    text += String(chunk);
    if (text.includes('\n')) return text;
  }
  return undefined;
}

/** It drops its tables when its input ends. */
async function end(app) {
  if (app.exitCode !== null || app.signalCode !== null) return;
  const timer = setTimeout(() => app.kill('SIGKILL'), 20_000);
  app.stdin.end();
  await once(app, 'exit');
  clearTimeout(timer);
}
