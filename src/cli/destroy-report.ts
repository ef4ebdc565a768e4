import type { UserSession } from '../services/session.service.js';
import { count } from './plural.js';
import { printJson } from './print-json.js';
import { sessionTable } from './session-table.js';
import type { Terminal } from './terminal.js';

/** The number of sessions that are shown. The question needs no more, and a user of a script may have thousands. */
const MOST_SHOWN = 10;

/** Says what `destroy` has done. With JSON, everything but the number goes to standard error. */
export class DestroyReport {
  readonly #terminal: Terminal;
  readonly #isJson: boolean;

  constructor(terminal: Terminal, isJson: boolean) {
    this.#terminal = terminal;
    this.#isJson = isJson;
  }

  /**
   * Shows the newest sessions before they are destroyed, and the number of the others.
   *
   * @param sessions newest first
   */
  list(sessions: readonly UserSession[]): void {
    const others = sessions.length - MOST_SHOWN;
    const table = sessionTable(sessions.slice(0, MOST_SHOWN));
    const shown = others > 0 ? `${table}\nand ${count(others, 'older session')}` : table;
    if (this.#isJson) this.#terminal.note(shown);
    else this.#terminal.print(shown);
  }

  /** @param sentence the same for a reader */
  done(destroyed: number, sentence: string): void {
    if (this.#isJson) printJson(this.#terminal, { destroyed });
    else this.#terminal.print(sentence);
  }

  /** The user did not confirm. */
  declined(): void {
    this.#terminal.note('Nothing was destroyed.');
    if (this.#isJson) printJson(this.#terminal, { destroyed: 0 });
  }
}
