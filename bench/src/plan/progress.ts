import type { PlannedRun } from './plan.js';
import type { RunRecord } from './run-record.js';

/** Reports the progress of the benchmark, one line for each run. */
export class Progress {
  #start: number | undefined;
  #done = 0;

  constructor(private readonly total: number) {}

  /** Starts the clock, unless it runs already: the first apps are ready. */
  begin(): void {
    this.#start ??= performance.now();
  }

  /** Reports a finished run. */
  done({ round, scenario, store }: PlannedRun, record: RunRecord): void {
    this.#done++;
    const elapsed = (performance.now() - this.#start!) / 1000;
    const remaining = (elapsed / this.#done) * (this.total - this.#done);
    const troubles = [
      record.lost > 0 && `${record.lost} of ${record.acknowledged} updates lost`,
      record.errors > 0 && `${record.errors} errors`,
    ].filter(Boolean);
    const columns = [
      `round ${round}`,
      scenario.name.padEnd(24),
      store.id.padEnd(32),
      `${Math.round(record.requestsPerSecond)} req/s`.padStart(12),
      `p50 ${record.p50.toFixed(2)} ms`,
      `${clock(elapsed)} gone, about ${clock(remaining)} to go`,
      ...troubles,
    ];
    this.say(columns.join('  '));
  }

  /** Counts a run that is left out. */
  skipped(): void {
    this.#done++;
  }

  /** Prints a line. */
  say(line: string): void {
    process.stdout.write(`${line}\n`);
  }
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
