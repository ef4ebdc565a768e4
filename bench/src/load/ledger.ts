/** The possible values of a slot: one value after an acknowledged write, several if the outcome of a write is unknown. */
type Possible = readonly string[];

/**
 * Knows which value each slot of each session must have. A slot has one writer, whose requests are sequential. So its last
 * acknowledged value must be there, whatever others have written to other slots.
 */
export class UpdateLedger {
  /** The number of acknowledged writes. */
  acknowledged = 0;
  /** The number of acknowledged writes that were missing at the next look at their slot. */
  lost = 0;
  readonly #slots = new Map<string, Possible>();

  constructor(private readonly initial: string) {}

  /** Records a value that was read from a slot. */
  seen(session: string, slot: number, value: string): void {
    if (!this.#possible(session, slot).includes(value)) this.lost++;
    this.#slots.set(keyOf(session, slot), [value]);
  }

  /** Records an acknowledged write, whose answer contains the slot's previous value. */
  written(session: string, slot: number, value: string, before: string): void {
    this.seen(session, slot, before);
    this.acknowledged++;
    this.#slots.set(keyOf(session, slot), [value]);
  }

  /** Records a write without an answer or with an error. It may have taken effect. */
  unknown(session: string, slot: number, value: string): void {
    this.#slots.set(keyOf(session, slot), [...this.#possible(session, slot), value]);
  }

  /** Returns the sessions that the ledger has values of. */
  sessions(): Set<string> {
    return new Set([...this.#slots.keys()].map((key) => key.slice(key.indexOf(' ') + 1)));
  }

  /** Resets the counts and keeps the expected values. */
  resetCounts(): void {
    this.acknowledged = 0;
    this.lost = 0;
  }

  #possible(session: string, slot: number): Possible {
    return this.#slots.get(keyOf(session, slot)) ?? [this.initial];
  }
}

const keyOf = (session: string, slot: number) => `${slot} ${session}`;
