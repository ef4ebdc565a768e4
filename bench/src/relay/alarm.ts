import { Worker } from 'node:worker_threads';

/** Returns the monotonic time in ms, which is the same in all threads. */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/**
 * Calls back at a time, to about 0.1 ms. Node's own timers count whole ms. A thread that does nothing else sleeps until then, so
 * that the event loop keeps reading.
 */
export class Alarm {
  readonly #due = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  readonly #changes = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #sleeper: Worker;

  /** @param ring called when the time has come. A call may also come too early. */
  constructor(ring: () => void) {
    this.#due[0] = Infinity;
    this.#sleeper = new Worker(new URL('./alarm-thread.js', import.meta.url), { workerData: { due: this.#due, changes: this.#changes } });
    this.#sleeper.on('message', ring);
  }

  /** Sets the time, in ms of `now`. It replaces the earlier one. */
  set(due: number): void {
    this.#due[0] = due;
    // After a call, the thread sleeps until there is a new time.
    if (due === Infinity) return;
    Atomics.add(this.#changes, 0, 1);
    Atomics.notify(this.#changes, 0);
  }

  async close(): Promise<void> {
    await this.#sleeper.terminate();
  }
}
