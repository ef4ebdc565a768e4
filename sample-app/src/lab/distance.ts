import { setTimeout as sleep } from 'node:timers/promises';
import { roundTrip } from './recorder.js';

/** Simulates a distant database: waits half of the race's round trip before the work and half after it. */
export async function atDistance<Result>(work: () => Promise<Result>): Promise<Result> {
  const half = roundTrip() / 2;
  if (half === 0) return work();
  await sleep(half);
  const result = await work();
  await sleep(half);
  return result;
}
