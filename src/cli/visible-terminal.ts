import { visible, visibleLines } from '../shared/visible.js';
import type { Terminal } from './terminal.js';

/** A terminal that escapes control characters. Texts from tables and errors cannot move the cursor or hide anything. */
export class VisibleTerminal implements Terminal {
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
    this.#terminal.print(visibleLines(text));
  }

  note(text: string): void {
    this.#terminal.note(visibleLines(text));
  }

  rewrite(line: string): void {
    this.#terminal.rewrite(visible(line));
  }

  ask(question: string): Promise<string> {
    return this.#terminal.ask(visible(question));
  }
}
