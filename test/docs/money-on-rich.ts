import { richCodec, type ValueCodec } from 'nestjs-smart-session';
import { Money, codec } from './money-codec.js';

export const moneyOnRich: ValueCodec = {
  encode: (value, key) => (value instanceof Money ? codec.encode(value, key) : richCodec.encode(value, key)),
  decode: (stored) => codec.decode(richCodec.decode(stored)),
};
