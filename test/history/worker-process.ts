import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AppSettings } from './history-app.js';
import type { WorkerAnswer, WorkerCall } from './history-worker.js';

/** A process that runs one app after the other. */
export class WorkerProcess {
  private constructor(private readonly child: ChildProcess) {}

  static async start(): Promise<WorkerProcess> {
    const child = fork('build/test/history/history-worker.js', { stdio: 'inherit', execArgv: [] });
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`A process of the history ended with ${code} at its start.`)));
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => {});
    return new WorkerProcess(child);
  }

  /** Starts an app. Returns where it listens. */
  async startApp(settings: AppSettings): Promise<string> {
    return (await this.#ask(settings)).url!;
  }

  closeApp(): Promise<unknown> {
    return this.#ask('close');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }

  async #ask(call: WorkerCall): Promise<WorkerAnswer> {
    const answered = once(this.child, 'message') as Promise<[WorkerAnswer]>;
    this.child.send(call);
    const [answer] = await answered;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}
