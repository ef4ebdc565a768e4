import { connectionOptions } from '../support/databases.js';

/** A database of the examples' own, for their table has the usual name. */
export const EXAMPLES_DATABASE = `docs_test_${process.pid}`;

export const ormOptions = connectionOptions('postgresql', { dbName: EXAMPLES_DATABASE });
