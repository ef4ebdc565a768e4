import type { UserSession } from '../services/session.service.js';
import { printJson } from './print-json.js';
import { sessionTable } from './session-table.js';
import type { Terminal } from './terminal.js';

/** Says what `destroy` has done. With JSON, everything but the number goes to standard error. */
export class DestroyReport {
  readonly #terminal: Terminal;
  readonly #isJson: boolean;

  constructor(terminal: Terminal, isJson: boolean) {
    this.#terminal = terminal;
    this.#isJson = isJson;
  }

  /** Shows the sessions before they are destroyed. */
  list(sessions: readonly UserSession[]): void {
    if (this.#isJson) this.#terminal.note(sessionTable(sessions));
    else this.#terminal.print(sessionTable(sessions));
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
