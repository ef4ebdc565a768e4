import type { SessionWatch, WatchOptions } from '../feed/session-watch.js';

/** Watches a session. */
export type BeginWatch = (options: WatchOptions) => SessionWatch;

/**
 * Passes on the values of an async iterable until a session ends. The watch begins with the first `next`, and stops when the reader
 * leaves. A generator could not do that: its `return` waits for the value that is pending.
 */
export class LiveIterator<Value> implements AsyncIterableIterator<Value, undefined> {
  readonly #source: AsyncIterator<Value>;
  readonly #begin: BeginWatch;
  readonly #waiting = new Set<() => void>();
  #watch: SessionWatch | undefined;
  #isOver = false;

  constructor(source: AsyncIterable<Value>, begin: BeginWatch) {
    this.#source = source[Symbol.asyncIterator]();
    this.#begin = begin;
  }

  async next(): Promise<IteratorResult<Value, undefined>> {
    if (this.#isOver) return DONE;
    this.#watch ??= this.#beginOrLeave();
    try {
      const result = await this.#untilOver(this.#source.next());
      if (!this.#isOver && !result.done) return result;
      this.#end();
      return DONE;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    const isReading = this.#waiting.size > 0;
    const left = this.#leave();
    // A source that is a generator answers only after its pending value.
    if (isReading) left.catch(() => undefined);
    else await left;
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** A reader that is refused calls no `return`. */
  #beginOrLeave(): SessionWatch {
    try {
      return this.#begin({ onEnd: () => this.#leave() });
    } catch (error) {
      this.#leave().catch(() => undefined);
      throw error;
    }
  }

  /** Ends, and tells the source. */
  async #leave(): Promise<void> {
    if (this.#isOver) return;
    this.#end();
    await this.#source.return?.();
  }

  #end(): void {
    this.#isOver = true;
    this.#watch?.stop();
    for (const settle of this.#waiting) settle();
  }

  /** Settles with the result, or when the iterator is over. */
  #untilOver(result: Promise<IteratorResult<Value>>): Promise<IteratorResult<Value, undefined>> {
    return new Promise((resolve, reject) => {
      const settle = () => resolve(DONE);
      this.#waiting.add(settle);
      if (this.#isOver) settle();
      void result.then(resolve, reject).finally(() => this.#waiting.delete(settle));
    });
  }
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };
