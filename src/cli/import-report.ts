import type { ImportOutcome } from '../migration/session-importer.js';
import { abbreviate } from '../smart-session.errors.js';
import { count, inFigures } from './plural.js';
import { Refusals } from './refusals.js';
import type { Terminal } from './terminal.js';

/** The result of an import. */
export class ImportReport {
  readonly #refusals: Refusals;
  #imported = 0;
  #existing = 0;

  /** @param terminal receives a line for each refused row */
  constructor(terminal: Terminal) {
    this.#refusals = new Refusals(terminal, ({ storageKey, reason }) => `Session ${abbreviate(storageKey)} is not imported: ${reason}`);
  }

  add({ imported, existing, refused }: ImportOutcome): void {
    this.#imported += imported;
    this.#existing += existing;
    this.#refusals.add(refused);
  }

  /** Returns the numbers. In a dry run, they say what an import would do. */
  result(isDryRun: boolean) {
    return { dryRun: isDryRun, imported: this.#imported, existing: this.#existing, refused: this.#refusals.count };
  }

  /** @throws Error if rows were refused, so that a script notices */
  check(isDryRun: boolean): void {
    if (this.#refusals.count > 0)
      throw new Error(
        `import: ${count(this.#refusals.count, 'session')} ${isDryRun ? 'cannot be' : this.#refusals.count === 1 ? 'was not' : 'were not'} imported.`,
      );
  }

  /** @param what the store, its table and the target table */
  summary(what: string, isDryRun: boolean): string {
    const [did, were] = isDryRun ? ['Would import', 'are'] : ['Imported', 'were'];
    const refused = `${inFigures(this.#refusals.count)} cannot be imported`;
    return `${did} ${count(this.#imported, 'live session')} of ${what}. ${inFigures(this.#existing)} ${were} there already, ${refused}.`;
  }
}
