import type { DatabaseContext } from '../../persistence/database-context.js';
import type { SmartSessionOptions } from '../../options/smart-session.options.js';
import type { Place } from '../../persistence/open-database.js';

/** The objects that the checks of the database examine. */
export interface Checked extends Pick<Place, 'dialect' | 'runner' | 'schema'> {
  readonly options: SmartSessionOptions;
}

/** The same with a table that was found. */
export interface CheckedTable extends Checked {
  readonly columns: readonly string[];
  readonly hasLeases: boolean;
  readonly context: DatabaseContext;
}
