/** A function that runs at a moment of the simulated time. */
type Event = () => void;

/** Simulated time in µs. Events run in the order of their moments. */
export class EventQueue {
  now = 0;
  /** A binary heap. */
  readonly #heap: { readonly at: number; readonly event: Event }[] = [];

  after(delay: number, event: Event): void {
    const heap = this.#heap;
    const entry = { at: this.now + delay, event };
    let n = heap.length;
    for (; n > 0; n = (n - 1) >> 1) {
      const parent = heap[(n - 1) >> 1]!;
      if (parent.at <= entry.at) break;
      heap[n] = parent;
    }
    heap[n] = entry;
  }

  /** Runs events until a moment. */
  runUntil(end: number): void {
    for (let first = this.#heap[0]; first && first.at <= end; first = this.#heap[0]) {
      this.#removeFirst();
      this.now = first.at;
      first.event();
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let n = 0;
    for (;;) {
      let child = 2 * n + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++;
      if (heap[child]!.at >= last.at) break;
      heap[n] = heap[child]!;
      n = child;
    }
    heap[n] = last;
  }
}
