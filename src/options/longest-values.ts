import { LONGEST_MAX_AGE } from './cookie-rules.js';

/** In ms. Node fires a longer timer at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** In ms: a century. MySQL's dates end in the year 9999. */
export const LONGEST_LIFETIME = LONGEST_MAX_AGE;

/** In bytes. With the suffixes of its indexes the name must fit into the 63 bytes of PostgreSQL. */
export const LONGEST_TABLE_NAME = 63 - '_expires_at_index'.length;
