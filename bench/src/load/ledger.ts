/** What a slot may hold: one value when the last write was acknowledged, more when one's outcome is unknown. */
type Possible = readonly string[];

/**
 * Knows what each slot of each session must hold. A slot has one writer, whose requests are sequential:
 * what it was last acknowledged for must stand there, whatever others have written to other slots.
 */
export class UpdateLedger {
  /** Writes that were acknowledged. */
  acknowledged = 0;
  /** Acknowledged writes that were gone when the slot was next looked at. */
  lost = 0;
  readonly #slots = new Map<string, Possible>();

  constructor(private readonly initial: string) {}

  /** A slot was seen to hold this. */
  seen(session: string, slot: number, value: string): void {
    if (!this.#possible(session, slot).includes(value)) this.lost++;
    this.#slots.set(keyOf(session, slot), [value]);
  }

  /** A write was acknowledged, and what stood in the slot before was answered. */
  written(session: string, slot: number, value: string, before: string): void {
    this.seen(session, slot, before);
    this.acknowledged++;
    this.#slots.set(keyOf(session, slot), [value]);
  }

  /** A write got no answer, or an error: it may have happened, or not. */
  unknown(session: string, slot: number, value: string): void {
    this.#slots.set(keyOf(session, slot), [...this.#possible(session, slot), value]);
  }

  /** The sessions that the ledger knows something of. */
  sessions(): Set<string> {
    return new Set([...this.#slots.keys()].map((key) => key.slice(key.indexOf(' ') + 1)));
  }

  /** Begins to count anew; what the slots must hold stays. */
  resetCounts(): void {
    this.acknowledged = 0;
    this.lost = 0;
  }

  #possible(session: string, slot: number): Possible {
    return this.#slots.get(keyOf(session, slot)) ?? [this.initial];
  }
}

const keyOf = (session: string, slot: number) => `${slot} ${session}`;
