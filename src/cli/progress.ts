import { inFigures } from './plural.js';
import type { Terminal } from './terminal.js';

const WIDTH = 30;

/** Without a bar, a line is printed each time this many more are done. */
const LINE_EVERY = 10_000;

/** Shows the progress of a long task: a bar if a line can be overwritten, otherwise plain lines. */
export class Progress {
  readonly #terminal: Terminal;
  #total: number;
  #done = 0;

  /** @param total the expected number; it may be exceeded */
  constructor(terminal: Terminal, total = 0) {
    this.#terminal = terminal;
    this.#total = total;
  }

  /** Sets the expected number. */
  expect(total: number): void {
    this.#total = total;
  }

  /** Adds this many to those that are done. */
  add(n: number): void {
    const before = this.#done;
    this.#done += n;
    const isLineDue = Math.floor(before / LINE_EVERY) < Math.floor(this.#done / LINE_EVERY);
    if (this.#terminal.canRewrite) this.#terminal.rewrite(`${this.#bar()} ${this.#figures()}`);
    else if (isLineDue) this.#terminal.note(this.#figures());
  }

  /** Removes the bar. */
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
