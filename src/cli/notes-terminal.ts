import type { Terminal } from './terminal.js';

/** A terminal that writes everything to standard error, so that standard output is free for one JSON document. */
export class NotesTerminal implements Terminal {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get isInteractive(): boolean {
    return this.#terminal.isInteractive;
  }

  get canRewrite(): boolean {
    return this.#terminal.canRewrite;
  }

  print(text: string): void {
    this.#terminal.note(text);
  }

  note(text: string): void {
    this.#terminal.note(text);
  }

  rewrite(line: string): void {
    this.#terminal.rewrite(line);
  }

  ask(question: string): Promise<string> {
    return this.#terminal.ask(question);
  }
}
