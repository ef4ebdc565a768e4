import type { RaceProgress } from '../race.js';

/** Shows how far the race is, in one line that is written again and again, if the stream is a terminal. */
export class ProgressLine {
  #hasWritten = false;

  constructor(private readonly stream: { readonly isTTY?: boolean; write(text: string): unknown }) {}

  show({ round, rounds, requests, seconds }: RaceProgress): void {
    if (!this.stream.isTTY) return;
    this.stream.write(`\r\u001B[KRound ${round} of ${rounds}, ${requests} requests, ${seconds.toFixed(0)} s`);
    this.#hasWritten = true;
  }

  /** Removes the line. */
  clear(): void {
    if (this.#hasWritten) this.stream.write('\r\u001B[K');
  }
}
