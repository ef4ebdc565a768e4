import { setTimeout as sleep } from 'node:timers/promises';
import type { HistoryRequest } from '../../packages/session-race/src/history/history-request.js';

/** How long the clients may take to get some answers, in ms: longer than a cluster takes to drop a member. */
const PATIENCE = 90_000;

/** The requests of a run, as their answers come in. */
export class Progress {
  readonly requests: HistoryRequest[] = [];
  isOver = false;
  readonly #answered: number[];

  constructor(processes: number) {
    this.#answered = Array<number>(processes).fill(0);
  }

  record(request: HistoryRequest): void {
    this.requests.push(request);
    if (request.outcome === 'ok') this.#answered[request.process]!++;
  }

  /** Waits until so many more requests were answered as they should be. */
  answered(count: number): Promise<void> {
    const goal = this.#total + count;
    return this.#until(() => this.#total >= goal);
  }

  /** Waits until each process has answered so many more. */
  answeredByAll(count: number): Promise<void> {
    const goals = this.#answered.map((answered) => answered + count);
    return this.#until(() => this.#answered.every((answered, n) => answered >= goals[n]!));
  }

  get #total(): number {
    return this.#answered.reduce((sum, answered) => sum + answered);
  }

  async #until(isSo: () => boolean): Promise<void> {
    for (const deadline = performance.now() + PATIENCE; !isSo(); await sleep(20)) {
      if (performance.now() < deadline) continue;
      const { error } = this.requests.findLast(({ outcome }) => outcome !== 'ok') ?? {};
      throw new Error(`The clients made no progress. Answered by each process: ${this.#answered.join(', ')}. The last error: ${error}`);
    }
  }
}
