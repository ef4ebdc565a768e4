import type { ValueCodec } from 'nestjs-smart-session';

export class Money {
  constructor(readonly cents: number) {}
}

export const codec: ValueCodec = {
  encode: (value) => (value instanceof Money ? { $cents: value.cents } : value),
  decode: (stored) => (isMoney(stored) ? new Money(stored.$cents) : stored),
};

function isMoney(stored: unknown): stored is { $cents: number } {
  return typeof stored === 'object' && stored !== null && '$cents' in stored;
}
