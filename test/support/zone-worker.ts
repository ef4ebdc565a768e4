// Uses sessions in a process with its own time zone, on the databases in its argument. Prints the failures.
import { Logger } from '@nestjs/common';
import type { Options } from '@mikro-orm/sql';
import type { DialectName } from '../../src/index.js';
import { failuresUnder } from './orm-settings.js';

const SETTINGS: Partial<Options>[] = [{ forceUtcTimezone: false }, { forceUtcTimezone: false, timezone: '-03:00' }];

Logger.overrideLogger(false);
const failures: string[] = [];
for (const database of process.argv[2]!.split(',') as DialectName[]) {
  for (const options of database === 'sqlite' ? SETTINGS.slice(0, 1) : SETTINGS) {
    for (const failure of await failuresUnder(database, options, 'zone'))
      failures.push(`${database}, ${JSON.stringify(options)}: ${failure}`);
  }
}
process.stdout.write(JSON.stringify(failures));
