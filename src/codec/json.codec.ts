import type { ValueCodec } from './value-codec.js';

/** JSON: dates come back as strings, `undefined` is not stored, a bigint is refused. */
export const jsonCodec: ValueCodec = {
  encode: (value) => value,
  decode: (stored) => stored,
};
