import { visible, visibleLines } from '../shared/visible.js';
import { PassingTerminal } from './passing-terminal.js';

/** A terminal that escapes control characters. Texts from tables and errors cannot move the cursor or hide anything. */
export class VisibleTerminal extends PassingTerminal {
  override print(text: string): void {
    this.terminal.print(visibleLines(text));
  }

  override note(text: string): void {
    this.terminal.note(visibleLines(text));
  }

  override rewrite(line: string): void {
    this.terminal.rewrite(visible(line));
  }

  override ask(question: string): Promise<string> {
    return this.terminal.ask(visible(question));
  }
}
