import { StatementRunner, type RunStatement } from 'nestjs-smart-session';
import { atDistance } from './distance.js';

/** Sends each statement to a database that seems distant. */
export class DistantRunner extends StatementRunner {
  override get run(): RunStatement {
    return distant(super.run);
  }

  override onOneConnection<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return super.onOneConnection((run) => work(distant(run)));
  }
}

function distant(run: RunStatement): RunStatement {
  return (sql, parameters) => atDistance(() => run(sql, parameters));
}
