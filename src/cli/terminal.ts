import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';

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
    // The reader of the output may have closed it, as `head` does.
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
      // The end of the input and an interrupt count as no answer.
      const ended = once(lines, 'close').then(() => '');
      return await Promise.race([lines.question(question), ended]);
    } finally {
      lines.close();
    }
  }
}
