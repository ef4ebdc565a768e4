import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AppCalls, AppMessage, AppSettings } from '../app/protocol.js';

interface Waiting {
  resolve(result: never): void;
  reject(error: Error): void;
}

/** The app with one store, in its own process. */
export class AppProcess {
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly origin: string,
  ) {
    child.on('message', (message: AppMessage) => this.#answered(message));
    child.on('exit', (code) => this.#ended(new Error(`The app's process ended with ${code}.`)));
  }

  /**
   * Starts the app and waits until it listens.
   *
   * @param checkout the checkout whose build is used. Default: this one
   * @param execPath the program of the Node that runs the app. Default: the Node of this process
   */
  static async start(settings: AppSettings, checkout?: string, execPath: string = process.execPath): Promise<AppProcess> {
    const file = checkout === undefined ? new URL('../app/main.js', import.meta.url) : join(checkout, 'bench/dist/app/main.js');
    const child = fork(file, [JSON.stringify(settings)], { execPath, env: { ...process.env, NODE_ENV: 'production' } });
    const ended = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`${settings.storeId}: the app ended with ${code} during its start.`)),
    );
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [{ port: number }];
    ended.catch(() => {});
    return new AppProcess(child, `http://127.0.0.1:${message.port}`);
  }

  /** Sends a call to the app's process. */
  async ask<Call extends keyof AppCalls>(call: Call): Promise<AppCalls[Call]> {
    const id = ++this.#lastId;
    const answer = new Promise<never>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.child.send({ id, call });
    return answer;
  }

  /** Ends the process, by force if it does not end itself. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    const force = setTimeout(() => this.child.kill('SIGKILL'), 5000);
    await this.ask('stop').catch(() => {});
    await ended;
    clearTimeout(force);
  }

  #answered(message: AppMessage): void {
    if (!('id' in message)) return;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('error' in message) waiting?.reject(new Error(message.error));
    else waiting?.resolve(message.result as never);
  }

  #ended(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
