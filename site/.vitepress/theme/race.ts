/** A bar of the chart, in ms from the start. */
export interface Bar {
  readonly step: 'load' | 'handler' | 'write';
  readonly from: number;
  readonly to: number;
}

/** One of the requests that run at the same time. */
export interface RaceRequest {
  readonly key: string;
  readonly bars: readonly Bar[];
  /** When its write is stored. */
  readonly storedAt: number;
  /** When the next write overwrites its key; undefined if its key is kept. */
  readonly lostAt: number | undefined;
}

/** How long the race takes, in ms. */
export const DURATION = 3600;

const COUNT = 4;
const LOAD = 350;
const WRITE = 350;
const FIRST_WRITE = 1300;
const BETWEEN_WRITES = 600;

/** Returns the requests of a race on a plain store, which writes the whole session that a request has loaded. */
export function raceOnPlainStore(): readonly RaceRequest[] {
  return requests().map((request, n, all) => ({ ...request, lostAt: all[n + 1]?.storedAt }));
}

/** Returns the requests of the same race on this module, which writes only the key that a request has changed. */
export function raceOnThisModule(): readonly RaceRequest[] {
  return requests();
}

function requests(): readonly RaceRequest[] {
  return Array.from({ length: COUNT }, (_, n) => {
    const start = n * 60;
    const loaded = start + LOAD;
    const write = FIRST_WRITE + n * BETWEEN_WRITES;
    return {
      key: `tab${n + 1}`,
      bars: [
        { step: 'load', from: start, to: loaded },
        { step: 'handler', from: loaded, to: write },
        { step: 'write', from: write, to: write + WRITE },
      ],
      storedAt: write + WRITE,
      lostAt: undefined,
    };
  });
}
