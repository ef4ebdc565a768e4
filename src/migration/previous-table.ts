import type { Dialect } from '../dialects/dialect.js';
import { qualifiedName } from '../dialects/qualified-name.js';
import type { RunStatement } from '../dialects/run-statement.js';
import { PreviousTableError } from '../smart-session.errors.js';
import type { StoreFormat } from './store-format.js';

/** A live row of a foreign table, not read yet. */
export interface PreviousRow {
  readonly sessionId: string;
  /** For `StoreFormat.read`. */
  readonly data: unknown;
  /** How long the session still lives, in ms, by the database's clock. */
  readonly remaining: number;
}

/** Where a foreign table is, when not where its store has it by default. */
export interface PreviousTablePlace {
  readonly tableName?: string | undefined;
  /** Default: the connection's own. */
  readonly schema?: string | undefined;
}

/** The table of a foreign store: read, never written. */
export class PreviousTable {
  readonly #run: RunStatement;
  readonly #find: string;
  readonly #page: string;
  readonly #count: string;

  private constructor(run: RunStatement, store: StoreFormat, dialect: Dialect, { tableName, schema }: PreviousTablePlace) {
    this.#run = run;
    const table = qualifiedName(dialect.quote, tableName ?? store.tableName, schema);
    const [key, data, column] = [store.keyColumn, store.dataColumn, store.expiryColumn].map(dialect.quote) as [string, string, string];
    const expiry = store.expiry(dialect, column);
    const live = `from ${table} where ${expiry} > ${dialect.now}`;
    const select = `select ${key} as previous_key, ${data} as previous_data, ${dialect.until(expiry)} as remaining ${live}`;
    this.#find = `${select} and ${key} = ${dialect.exactText(dialect.parameter(1))}`;
    this.#page = `${select} and ${key} > ${dialect.parameter(1)} order by ${key} limit ${dialect.parameter(2)}`;
    this.#count = `select count(*) as live ${live}`;
  }

  /**
   * Finds the table.
   *
   * @param run on the database where the table is
   * @throws PreviousTableError when there is no such table, or it is not one of the store's
   */
  static async open(run: RunStatement, dialect: Dialect, store: StoreFormat, place: PreviousTablePlace = {}): Promise<PreviousTable> {
    const { tableName = store.tableName, schema } = place;
    if (!store.dialects.includes(dialect.name)) {
      throw new PreviousTableError(
        store.name,
        `the database is of the dialect ${dialect.name}`,
        `It keeps its sessions on ${store.dialects.join(', ')}.`,
      );
    }
    const name = schema ? `${schema}.${tableName}` : tableName;
    const columns = await dialect.columns(run, tableName, schema);
    if (columns.length === 0)
      throw new PreviousTableError(store.name, `there is no table "${name}"`, 'Name the table that the store was given.');
    const missing = [store.keyColumn, store.dataColumn, store.expiryColumn].filter((column) => !columns.includes(column));
    if (missing.length > 0) {
      throw new PreviousTableError(
        store.name,
        `the table "${name}" has no column ${missing.join(', ')}`,
        'Name the table that the store was given.',
      );
    }
    return new PreviousTable(run, store, dialect, place);
  }

  /** The live row of a session; undefined when it is absent or expired. */
  async find(sessionId: string): Promise<PreviousRow | undefined> {
    const { rows } = await this.#run(this.#find, [sessionId]);
    return rows[0] && toRow(rows[0]);
  }

  /**
   * Live rows in the order of their keys, as the database sorts them.
   *
   * @param after the last key of the page before; an empty text for the first page
   * @param limit how many at most
   */
  async page(after: string, limit: number): Promise<PreviousRow[]> {
    const { rows } = await this.#run(this.#page, [after, limit]);
    return rows.map(toRow);
  }

  /** How many live rows there are. */
  async count(): Promise<number> {
    const { rows } = await this.#run(this.#count);
    return Number(rows[0]?.live);
  }
}

function toRow({ previous_key: key, previous_data: data, remaining }: Readonly<Record<string, unknown>>): PreviousRow {
  return { sessionId: String(key), data, remaining: Number(remaining) };
}
