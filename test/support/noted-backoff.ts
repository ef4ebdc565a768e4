import { Backoff } from '../../src/batching/backoff.js';

/** Notes how many attempts have failed at each wait, and does not wait. */
export class NotedBackoff extends Backoff {
  readonly failed: number[] = [];

  override async wait(attempt: number): Promise<void> {
    this.failed.push(attempt);
  }
}
