import { parentPort, workerData } from 'node:worker_threads';
import { now } from './alarm.js';

// Sleeps until the time that the main thread has set, and tells it. Atomics.wait takes fractions of ms, and setTimeout does not.

const { due, changes } = workerData as { due: Float64Array; changes: Int32Array };

while (true) {
  const seen = Atomics.load(changes, 0);
  const left = due[0]! - now();
  if (left > 0) Atomics.wait(changes, 0, seen, left);
  else {
    parentPort!.postMessage(null, []);
    Atomics.wait(changes, 0, seen);
  }
}
