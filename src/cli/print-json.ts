import type { Terminal } from './terminal.js';

/** Prints a result as one JSON document, the only text on standard output. */
export function printJson(terminal: Terminal, result: unknown): void {
  terminal.print(JSON.stringify(result, undefined, 2));
}
