import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A process with code of the tests that answers each message with one message. */
export class ForkedProcess<Call extends string | object, Answer> {
  readonly #child: ChildProcess;
  /** Rejects when the process ends. */
  readonly #ended: Promise<never>;

  /** @param file the compiled file in `build` */
  constructor(file: string, parameters: readonly string[] = []) {
    this.#child = fork(file, parameters, { stdio: 'inherit', execArgv: [] });
    this.#ended = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`A process of ${file} ended with ${code}.`);
    });
    this.#ended.catch(() => {});
  }

  /** Returns the next message. */
  async answer(): Promise<Answer> {
    const [answer] = await Promise.race([once(this.#child, 'message') as Promise<[Answer]>, this.#ended]);
    return answer;
  }

  /** Sends a message and waits for its answer. */
  async ask(call: Call): Promise<Answer> {
    const answered = this.answer();
    this.#child.send(call);
    return answered;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends a signal, such as `SIGSTOP`, and waits for nothing. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
