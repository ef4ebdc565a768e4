import type { Terminal } from './terminal.js';

/** The number of refused rows that are reported one by one. After that many, the cause is clear. */
const MOST_NAMED = 20;

/** A row that a command refuses. */
export interface Refusal {
  readonly storageKey: string;
  readonly reason: string;
}

/** Counts the rows that a command refuses, and reports the first of them. */
export class Refusals {
  readonly #terminal: Terminal;
  readonly #lineOf: (refusal: Refusal) => string;
  #count = 0;

  /** @param lineOf returns the line for a row */
  constructor(terminal: Terminal, lineOf: (refusal: Refusal) => string) {
    this.#terminal = terminal;
    this.#lineOf = lineOf;
  }

  get count(): number {
    return this.#count;
  }

  add(refused: readonly Refusal[]): void {
    const named = refused.slice(0, Math.max(0, MOST_NAMED - this.#count));
    if (named.length > 0 && this.#terminal.canRewrite) this.#terminal.rewrite('');
    for (const refusal of named) this.#terminal.note(this.#lineOf(refusal));
    this.#count += refused.length;
  }
}
