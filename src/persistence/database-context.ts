import type { MikroORM } from '@mikro-orm/core';
import type { Dialect } from '../dialects/dialect.js';
import { LAYOUT } from '../dialects/table-layout.js';
import type { StatementRunner } from './statement-runner.js';

/** In characters. An update of many records with this much data still takes only a few ms. */
const LONGEST_BATCH = 256 * 1024;

/** A character takes up to three bytes in UTF-8, and up to six after the driver has escaped it. The other half of the packet stays free. */
const PACKET_PER_CHARACTER = 12;

/**
 * Returns the limit of the data in one update of many records, in characters.
 *
 * @param packet the server's limit for a statement, in bytes
 */
export function longestBatchFor(packet = Infinity): number {
  return Math.min(LONGEST_BATCH, packet / PACKET_PER_CHARACTER);
}

/** The database, its dialect and the location of the table. Repositories are built on it. Injectable. */
export class DatabaseContext {
  constructor(
    /** The MikroORM of the sessions; undefined if the app has given its client. */
    readonly orm: MikroORM | undefined,
    readonly runner: StatementRunner,
    readonly dialect: Dialect,
    /** The table's name, not quoted. */
    readonly tableName: string,
    /** The table's schema, not quoted; undefined for the connection's own. */
    readonly schema: string | undefined,
    /** Whether the table has a `lock_version` column. */
    readonly isVersioned: boolean,
    /** The longest wait of a statement for a row lock, in ms. */
    readonly lockTimeout: number,
    /** The longest life of a session, however often it is used, in ms; undefined for no limit. */
    readonly absoluteTtl?: number,
    /** Follows the table's name so that rows are found by their keys. See the dialect's `keyHint`. */
    readonly keyHint = '',
    /** Whether the table was created at this start. */
    readonly isNew = false,
    /** Warnings about the table for the operator, for the log. */
    readonly warnings: readonly string[] = [],
    /** The limit of the data in one update of many records, in characters. */
    readonly longestBatch = longestBatchFor(),
    /** The version of the table's layout. */
    readonly layout = LAYOUT,
    /** Whether one update may write many records. */
    readonly batchesUpdates = true,
    /** Closes what was opened for the sessions. */
    readonly close: () => Promise<void> = async () => {},
    /** Whether statements write when a session was seen last. See the option `devices`. */
    readonly keepsDevices = false,
  ) {}
}
