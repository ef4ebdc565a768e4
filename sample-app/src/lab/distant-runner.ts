import { setTimeout as sleep } from 'node:timers/promises';
import { StatementRunner, type RunStatement } from 'nestjs-smart-session';
import { roundTrip } from './recorder.js';

/** Simulates a distant database: waits half of the race's round trip before each statement and half after it. */
export class DistantRunner extends StatementRunner {
  override get run(): RunStatement {
    return distant(super.run);
  }

  override onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return super.onOneConnection((run) => work(distant(run)));
  }
}

function distant(run: RunStatement): RunStatement {
  return async (sql, parameters) => {
    const half = roundTrip() / 2;
    if (half === 0) return run(sql, parameters);
    await sleep(half);
    const result = await run(sql, parameters);
    await sleep(half);
    return result;
  };
}
