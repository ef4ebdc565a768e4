import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';

/** Where a command's words go, and answers come from. */
export interface Terminal {
  /** Whether somebody can be asked. */
  readonly isInteractive: boolean;
  /** Whether a line can be written over: a progress bar needs it. */
  readonly canRewrite: boolean;
  /** Writes the command's result, to standard output. */
  print(text: string): void;
  /** Writes what is not the result, to standard error. */
  note(text: string): void;
  /** Writes over the last line that this wrote, on standard error; an empty text takes it away. */
  rewrite(line: string): void;
  /** The answer to a question; an empty text when there is none. */
  ask(question: string): Promise<string>;
}

/** The terminal of this process. */
export class ProcessTerminal implements Terminal {
  constructor() {
    // Who reads the output may have seen enough, as `head` does.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
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

  async ask(question: string): Promise<string> {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      // Who ends the input, or interrupts, has not answered.
      const ended = once(lines, 'close').then(() => '');
      return await Promise.race([lines.question(question), ended]);
    } finally {
      lines.close();
    }
  }
}
