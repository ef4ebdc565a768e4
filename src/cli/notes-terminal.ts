import { PassingTerminal } from './passing-terminal.js';

/** A terminal that writes everything to standard error, so that standard output is free for one JSON document. */
export class NotesTerminal extends PassingTerminal {
  override print(text: string): void {
    this.terminal.note(text);
  }
}
