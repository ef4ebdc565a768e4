import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { messageOf } from './error-message.js';
import { PROGRAM } from './program.js';

/** The terminal of a command, for its output and for answers. */
export interface Terminal {
  /** Whether a question can be answered. */
  readonly isInteractive: boolean;
  /** Whether a line can be overwritten. A progress bar needs that. */
  readonly canRewrite: boolean;
  /** Writes the command's result, to standard output. */
  print(text: string): void;
  /** Writes everything else, to standard error. */
  note(text: string): void;
  /** Overwrites the last line that this has written on standard error. An empty text removes it. */
  rewrite(line: string): void;
  /** Asks a question. Returns an empty text if there is no answer. */
  ask(question: string): Promise<string>;
}

/** The terminal of this process. */
export class ProcessTerminal implements Terminal {
  constructor() {
    process.stdout.on('error', (error) => this.#lose(error));
  }

  get isInteractive(): boolean {
    return process.stdin.isTTY && process.stderr.isTTY;
  }

  get canRewrite(): boolean {
    return process.stderr.isTTY;
  }

  print(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  note(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  rewrite(line: string): void {
    process.stderr.write(`\r\u001b[K${line}`);
  }

  /** Ends the process with this exit code, after the output was written. */
  end(code: number): void {
    process.stdout.write('', (error) => {
      if (error && code === 0) this.#lose(error);
      else process.stderr.write('', () => process.exit(code));
    });
  }

  /** The reader of the output may have closed it, as `head` does. Any other error, such as that of a full disk, loses the result. */
  #lose(error: NodeJS.ErrnoException): void {
    if (error.code === 'EPIPE') process.exit(0);
    process.stderr.write(`${PROGRAM}: standard output cannot be written: ${messageOf(error)}\n`, () => process.exit(1));
  }

  async ask(question: string): Promise<string> {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      // The end of the input and an interrupt count as no answer.
      const ended = once(lines, 'close').then(() => '');
      return await Promise.race([lines.question(question), ended]);
    } finally {
      lines.close();
    }
  }
}
