import { slotValue } from '../app/sample-session.js';
import { USUAL_BYTES } from '../plan/scenario.js';
import type { Visitor } from './visitor.js';

/** A request whose latency is measured. */
export interface Operation {
  readonly name: string;
  /** Whether only this library has it. */
  readonly isOurs?: true;
  /** Whether the visitor has a session before. */
  readonly hasSession: boolean;
  /** @returns how long it took, in ms */
  run(visitor: Visitor): Promise<number>;
}

/** A value is never used twice, so that each write changes something. */
let lastValue = 0;

const set = (path: string) => (visitor: Visitor) => visitor.send('POST', `/${path}?slot=0&value=${slotValue(++lastValue)}`);

/** Creates a session. */
export const firstSave = (visitor: Visitor): Promise<number> => visitor.send('POST', `/seed?bytes=${USUAL_BYTES}`);

/** All operations, in the order of the report. */
export const OPERATIONS: readonly Operation[] = [
  { name: 'read', hasSession: true, run: (visitor) => visitor.send('GET', '/read?slot=0') },
  { name: 'first save', hasSession: false, run: firstSave },
  { name: 'write', hasSession: true, run: set('write') },
  { name: 'update()', isOurs: true, hasSession: true, run: set('update') },
  { name: '@LockSession() write', isOurs: true, hasSession: true, run: set('locked') },
  { name: 'regenerate', hasSession: true, run: (visitor) => visitor.send('POST', '/regenerate') },
  { name: 'destroy', hasSession: true, run: (visitor) => visitor.send('POST', '/destroy') },
];
