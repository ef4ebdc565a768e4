import { randomOf } from '../../packages/session-race/src/shared/random.js';
import type { Choose } from './scheduler.js';

/**
 * Runs `work` once for every sequence of choices: depth first, by running it anew with the last choice
 * that has an alternative changed.
 *
 * @returns how many sequences there were
 */
export async function exploreAll(work: (choose: Choose) => Promise<void>): Promise<number> {
  let prefix: number[] = [];
  for (let count = 1; ; count++) {
    const taken: { choice: number; options: number }[] = [];
    await work((options) => {
      const choice = prefix[taken.length] ?? 0;
      taken.push({ choice, options });
      return choice;
    });
    while (taken.length > 0 && taken.at(-1)!.choice + 1 === taken.at(-1)!.options) taken.pop();
    if (taken.length === 0) return count;
    prefix = taken.map(({ choice }) => choice);
    prefix[prefix.length - 1]!++;
  }
}

/** Runs `work` so often, with choices by a seed. */
export async function exploreSample(seed: number, count: number, work: (choose: Choose) => Promise<void>): Promise<void> {
  const random = randomOf(seed);
  for (let n = 0; n < count; n++) await work((options) => Math.floor(random() * options));
}
