import { richCodec } from './rich.codec.js';
import type { ValueCodec } from '../shared/value-codec.js';

/**
 * JSON. Dates come back as strings, `undefined` is not stored, and a bigint is refused. It also reads the values of the rich
 * codec, because processes with both settings share the sessions while a deployment changes `serializer`.
 */
export const jsonCodec: ValueCodec = {
  encode: (value) => value,
  decode: (stored) => richCodec.decode(stored),
};
