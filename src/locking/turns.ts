/** Ends a turn, so that the next caller gets its turn. */
export type EndTurn = () => void;

/** Gives turns to the callers of a key, in the order in which they came. */
export class Turns {
  readonly #lines = new Map<string, Line>();

  /**
   * Waits for a turn.
   *
   * @param timeout how long to wait, in ms
   * @param maxWaiting the most callers that may wait; the caller that has its turn does not count
   * @returns `late` if the turn did not come in time, `full` if too many wait already
   */
  async take(key: string, { timeout, maxWaiting }: { timeout: number; maxWaiting: number }): Promise<EndTurn | 'late' | 'full'> {
    const line = this.#lines.get(key) ?? { length: 0, last: Promise.resolve() };
    if (line.length > maxWaiting) return 'full';
    const previous = line.last;
    let resolve = () => {};
    const turn = new Promise<void>((settle) => (resolve = settle));
    line.last = previous.then(() => turn);
    line.length++;
    this.#lines.set(key, line);
    const endTurn = this.#ending(key, line, resolve);
    if (await settlesWithin(previous, timeout)) return endTurn;
    // A caller whose wait has timed out must not block the others.
    endTurn();
    return 'late';
  }

  #ending(key: string, line: Line, resolve: () => void): EndTurn {
    let isEnded = false;
    return () => {
      if (isEnded) return;
      isEnded = true;
      resolve();
      if (--line.length === 0) this.#lines.delete(key);
    };
  }
}

interface Line {
  length: number;
  /** Settles when every caller in the line has had its turn. */
  last: Promise<void>;
}

/** Whether a promise resolves within a time, in ms. */
export async function settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  try {
    return await Promise.race([work.then(() => true), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
