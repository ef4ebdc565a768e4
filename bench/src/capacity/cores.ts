import type { EventQueue } from './event-queue.js';

interface Task {
  readonly cost: number;
  readonly done: () => void;
}

/** Some cores with one queue. A Node process has one core. */
export class Cores {
  /** The CPU time used so far, in µs. */
  used = 0;
  #free: number;
  readonly #waiting: Task[] = [];
  #first = 0;

  constructor(
    private readonly queue: EventQueue,
    readonly count: number,
  ) {
    this.#free = count;
  }

  /** Uses a core for `cost` µs, and then calls `done`. */
  run(cost: number, done: () => void): void {
    if (this.#free === 0) this.#waiting.push({ cost, done });
    else this.#start({ cost, done });
  }

  #start({ cost, done }: Task): void {
    this.#free--;
    this.used += cost;
    this.queue.after(cost, () => {
      this.#free++;
      done();
      if (this.#free > 0) this.#startNext();
    });
  }

  #startNext(): void {
    const next = this.#waiting[this.#first];
    if (!next) return;
    this.#first++;
    // Removes tasks in bulk, because `shift` copies the array.
    if (this.#first > 1000) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    this.#start(next);
  }
}
