import { connectionOptions } from '../support/databases.js';

/** A separate database for the examples, because their table has the default name. */
export const EXAMPLES_DATABASE = `docs_test_${process.pid}`;

export const ormOptions = connectionOptions('postgresql', { dbName: EXAMPLES_DATABASE });
