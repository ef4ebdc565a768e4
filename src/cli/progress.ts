import { inFigures } from './plural.js';
import type { Terminal } from './terminal.js';

const WIDTH = 30;

/** A plain line is printed each time so many more are done. */
const LINE_EVERY = 10_000;

/** How far a long work has come: a bar where a line can be written over, plain lines where not. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #total: number;
  #done = 0;

  /** @param total how many there are; more may come */
  constructor(terminal: Terminal, total: number) {
    this.#terminal = terminal;
    this.#total = total;
  }

  /** Shows that so many more are done. */
  add(n: number): void {
    const before = this.#done;
    this.#done += n;
    const isLineDue = Math.floor(before / LINE_EVERY) < Math.floor(this.#done / LINE_EVERY);
    if (this.#terminal.canRewrite) this.#terminal.rewrite(`${this.#bar()} ${this.#figures()}`);
    else if (isLineDue) this.#terminal.note(this.#figures());
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#terminal.canRewrite) this.#terminal.rewrite('');
  }

  #bar(): string {
    const filled = Math.floor(Math.min(1, this.#done / Math.max(1, this.#total)) * WIDTH);
    return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}]`;
  }

  #figures(): string {
    return `${inFigures(this.#done)} of ${inFigures(Math.max(this.#total, this.#done))} sessions`;
  }
}
