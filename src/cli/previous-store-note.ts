import type { SmartSessionOptions } from '../options/smart-session.options.js';
import type { Terminal } from './terminal.js';

/** Says that the sessions of the store before are not included, if the app still moves sessions from it. */
export function notePreviousStore(terminal: Terminal, { migrateFrom }: Pick<SmartSessionOptions, 'migrateFrom'>): void {
  if (migrateFrom !== undefined)
    terminal.note('Sessions that are only in the store of `migrateFrom` are not included. Look for the user there too.');
}
