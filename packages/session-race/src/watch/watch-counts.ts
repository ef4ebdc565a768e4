/** A save that undid what another request had saved. */
export interface WatchFinding {
  /** `lost`: it overwrote keys. `resurrected`: it brought an ended session back. */
  readonly kind: 'lost' | 'resurrected';
  /** The names of the keys that were overwritten; of a resurrected session, all its keys. Never their values. */
  readonly keys: readonly string[];
}

/** One hour of a watch. */
export interface WatchHour {
  /** When the hour began, in ms since 1970. */
  readonly start: number;
  /** Updates lost: each overwritten key counts as one. */
  readonly lost: number;
  /** Sessions that came back. */
  readonly resurrected: number;
}

/** The counts of a watch in this process. */
export interface WatchCounts {
  /** Saves that were compared with the store. */
  readonly checked: number;
  /** Saves that could not be compared: the read failed, was too late, or the save did not wait for it. */
  readonly unjudged: number;
  /** Updates lost: each overwritten key counts as one. */
  readonly lost: number;
  /** Sessions that came back. */
  readonly resurrected: number;
  /** Updates lost by the name of their key. After 1,000 names the others count as `(other keys)`. */
  readonly lostByKey: Readonly<Record<string, number>>;
  /** The last 24 hours in which something was found, the oldest first. */
  readonly hours: readonly WatchHour[];
}

const MOST_NAMES = 1_000;
const MOST_HOURS = 24;
const HOUR = 3_600_000;

/** Counts findings in bounded memory. */
export class WatchCounter {
  checked = 0;
  unjudged = 0;
  #lost = 0;
  #resurrected = 0;
  readonly #lostByKey = new Map<string, number>();
  readonly #hours: { start: number; lost: number; resurrected: number }[] = [];

  count({ kind, keys }: WatchFinding): void {
    const hour = this.#hour();
    if (kind === 'resurrected') {
      this.#resurrected++;
      hour.resurrected++;
      return;
    }
    this.#lost += keys.length;
    hour.lost += keys.length;
    for (const key of keys) {
      const name = this.#lostByKey.has(key) || this.#lostByKey.size < MOST_NAMES ? key : '(other keys)';
      this.#lostByKey.set(name, (this.#lostByKey.get(name) ?? 0) + 1);
    }
  }

  get counts(): WatchCounts {
    return {
      checked: this.checked,
      unjudged: this.unjudged,
      lost: this.#lost,
      resurrected: this.#resurrected,
      lostByKey: Object.fromEntries(this.#lostByKey),
      hours: this.#hours.map((hour) => ({ ...hour })),
    };
  }

  #hour(): { lost: number; resurrected: number } {
    const start = Math.floor(Date.now() / HOUR) * HOUR;
    const last = this.#hours.at(-1);
    if (last?.start === start) return last;
    const hour = { start, lost: 0, resurrected: 0 };
    this.#hours.push(hour);
    if (this.#hours.length > MOST_HOURS) this.#hours.shift();
    return hour;
  }
}
