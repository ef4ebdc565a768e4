import { Alarm, now } from './alarm.js';

/** Runs pieces of work at their times. Those of the same time run in the order in which they were added. */
export class Agenda {
  readonly #pending: { readonly due: number; readonly work: () => void }[] = [];
  readonly #alarm = new Alarm(() => this.#runDue());

  /** @param due in ms of `now` */
  add(due: number, work: () => void): void {
    const place = this.#pending.findLastIndex((earlier) => earlier.due <= due) + 1;
    this.#pending.splice(place, 0, { due, work });
    if (place === 0) this.#alarm.set(due);
  }

  close(): Promise<void> {
    return this.#alarm.close();
  }

  #runDue(): void {
    const count = this.#pending.findLastIndex(({ due }) => due <= now()) + 1;
    for (const { work } of this.#pending.splice(0, count)) work();
    this.#alarm.set(this.#pending[0]?.due ?? Infinity);
  }
}
