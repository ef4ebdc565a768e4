import type { Terminal } from './terminal.js';

/** A terminal that passes everything on to another one. Subclasses change a part. */
export abstract class PassingTerminal implements Terminal {
  constructor(protected readonly terminal: Terminal) {}

  get isInteractive(): boolean {
    return this.terminal.isInteractive;
  }

  get canRewrite(): boolean {
    return this.terminal.canRewrite;
  }

  print(text: string): void {
    this.terminal.print(text);
  }

  note(text: string): void {
    this.terminal.note(text);
  }

  rewrite(line: string): void {
    this.terminal.rewrite(line);
  }

  ask(question: string): Promise<string> {
    return this.terminal.ask(question);
  }
}
