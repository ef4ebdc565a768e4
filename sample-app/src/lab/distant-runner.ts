import { setTimeout as sleep } from 'node:timers/promises';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { StatementRunner, type RunStatement } from 'nestjs-smart-session';
import { roundTrip } from './recorder.js';

/** Runs statements as if the database were further away: half of the race's round trip before each, half after it. */
export class DistantRunner extends StatementRunner {
  declare readonly run: RunStatement;

  constructor(connection: () => AbstractSqlConnection) {
    super(connection);
    this.run = distant(this.run);
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
