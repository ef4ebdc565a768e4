import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';

const SHORTEST_WAIT = 2;

/** Waits before another attempt. */
@Injectable()
export class Backoff {
  /**
   * Waits a random time below a bound that doubles, so that requests that collided do not collide again (AWS
   * Architecture Blog, "Exponential Backoff And Jitter", 2015: full jitter).
   *
   * @param attempt how many attempts have failed, from 1
   * @param longest the largest bound, in ms
   */
  async wait(attempt: number, longest = 250): Promise<void> {
    await sleep(Math.random() * Math.min(longest, SHORTEST_WAIT * 2 ** attempt));
  }
}
