import type { ImportOutcome } from '../migration/session-importer.js';
import { abbreviate } from '../smart-session.errors.js';
import { count, inFigures } from './plural.js';
import type { Terminal } from './terminal.js';

/** The number of refused rows that are reported one by one. After that many, the cause is clear. */
const MOST_NAMED = 20;

/** The result of an import. */
export class ImportReport {
  readonly #terminal: Terminal;
  #imported = 0;
  #existing = 0;
  #refused = 0;

  /** @param terminal receives a line for each refused row */
  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  add({ imported, existing, refused }: ImportOutcome): void {
    this.#imported += imported;
    this.#existing += existing;
    const named = refused.slice(0, Math.max(0, MOST_NAMED - this.#refused));
    if (named.length > 0 && this.#terminal.canRewrite) this.#terminal.rewrite('');
    for (const { storageKey, reason } of named) this.#terminal.note(`Session ${abbreviate(storageKey)} is not imported: ${reason}`);
    this.#refused += refused.length;
  }

  /** Returns the numbers. In a dry run, they say what an import would do. */
  result(isDryRun: boolean) {
    return { dryRun: isDryRun, imported: this.#imported, existing: this.#existing, refused: this.#refused };
  }

  /** @throws Error if rows were refused, so that a script notices */
  check(isDryRun: boolean): void {
    if (this.#refused > 0)
      throw new Error(
        `import: ${count(this.#refused, 'session')} ${isDryRun ? 'cannot be' : this.#refused === 1 ? 'was not' : 'were not'} imported.`,
      );
  }

  /** @param what the store, its table and the target table */
  summary(what: string, isDryRun: boolean): string {
    const [did, were] = isDryRun ? ['Would import', 'are'] : ['Imported', 'were'];
    const refused = `${inFigures(this.#refused)} cannot be imported`;
    return `${did} ${count(this.#imported, 'live session')} of ${what}. ${inFigures(this.#existing)} ${were} there already, ${refused}.`;
  }
}
