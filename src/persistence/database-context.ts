import type { MikroORM } from '@mikro-orm/core';
import type { Dialect } from '../dialects/dialect.js';
import type { StatementRunner } from './statement-runner.js';

/** In characters: so much data that a joined update still takes a few ms. */
const LONGEST_BATCH = 256 * 1024;

/** A character takes up to three bytes in UTF-8, and up to twice as many where the driver escapes it. The rest of the packet is left free. */
const PACKET_PER_CHARACTER = 12;

/**
 * How many characters of data go in one update of many records.
 *
 * @param packet the server's limit for a statement, in bytes
 */
export function longestBatchFor(packet = Infinity): number {
  return Math.min(LONGEST_BATCH, packet / PACKET_PER_CHARACTER);
}

/** What a repository stands on: the database, its dialect, and where the table is. Injectable. */
export class DatabaseContext {
  constructor(
    readonly orm: MikroORM,
    readonly runner: StatementRunner,
    readonly dialect: Dialect,
    /** The table's name, not quoted. */
    readonly tableName: string,
    /** The table's schema, not quoted; undefined for the connection's own. */
    readonly schema: string | undefined,
    /** Whether the table has a `lock_version` column. */
    readonly isVersioned: boolean,
    /** How long one statement waits for a row lock, in ms. */
    readonly lockTimeout: number,
    /** How long a session lives at most, however often it is used, in ms; undefined for no limit. */
    readonly absoluteTtl?: number,
    /** After the table: that rows are looked for by their keys. See the dialect's `keyHint`. */
    readonly keyHint = '',
    /** Whether the start has made the table. */
    readonly isNew = false,
    /** What the operator should know of the table, for the log. */
    readonly warnings: readonly string[] = [],
    /** How many characters of data go in one update of many records. */
    readonly longestBatch = longestBatchFor(),
  ) {}
}
