import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** In ms. */
const END_WAIT = 2_000;
const FILE = fileURLToPath(new URL('../app/main.js', import.meta.url));

/** An app with one store, in a process of its own. */
export class AppProcess {
  #child;
  url = '';
  /** The error output, for the cause of an end. */
  errors = '';

  static async start(name, row, at) {
    const app = new AppProcess();
    app.#child = fork(FILE, [name, row, JSON.stringify(at)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    app.#child.stderr.on('data', (text) => (app.errors = (app.errors + text).slice(-4_000)));
    const ended = once(app.#child, 'exit').then(() => Promise.reject(new Error(`${name} ${row} did not start. ${app.errors}`)));
    ended.catch(() => {});
    const [{ port }] = await Promise.race([once(app.#child, 'message'), ended]);
    app.url = `http://127.0.0.1:${port}`;
    return app;
  }

  /** The error that ended the process: its first line, shortened. */
  get cause() {
    const line = this.errors.split('\n').find((text) => /^\w*error\b/i.test(text)) ?? 'no message';
    return line.length > 100 ? `…${line.slice(-100)}` : line;
  }

  get isRunning() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits until a request has reached the gate in its handler. */
  async gateReached() {
    await once(this.#child, 'message');
  }

  /** Lets the request at the gate go on. */
  openGate() {
    if (this.isRunning) this.#child.send('go');
  }

  async stop() {
    if (!this.isRunning) return;
    const ended = once(this.#child, 'exit');
    // It ends itself, with its own child processes.
    this.#child.disconnect();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_WAIT);
    await ended;
    clearTimeout(timer);
  }
}
