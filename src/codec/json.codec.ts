import { richCodec } from './rich.codec.js';
import type { ValueCodec } from '../shared/value-codec.js';

/**
 * JSON: dates come back as strings, `undefined` is not stored, a bigint is refused. Reads what the rich codec has
 * written too: while a deployment turns `rich` on or off, processes with either setting share the sessions.
 */
export const jsonCodec: ValueCodec = {
  encode: (value) => value,
  decode: (stored) => richCodec.decode(stored),
};
