import type { Dialect } from '../dialects/dialect.js';
import { qualifiedName } from '../dialects/qualified-name.js';
import type { RunStatement } from '../dialects/run-statement.js';
import { PreviousTableError } from '../smart-session.errors.js';
import type { StoreFormat } from './store-format.js';

/** A live row of the previous store's table, not parsed yet. */
export interface PreviousRow {
  readonly sessionId: string;
  /** The argument of `StoreFormat.read`. */
  readonly data: unknown;
  /** How long the session still lives, in ms, by the database's clock. */
  readonly remaining: number;
}

/** The location of the previous store's table, if it is not the store's default. */
export interface PreviousTablePlace {
  readonly tableName?: string | undefined;
  /** Default: the connection's own. */
  readonly schema?: string | undefined;
}

/** The table of the previous store. It is read and never written. */
export class PreviousTable {
  readonly #run: RunStatement;
  readonly #page: string;
  readonly #count: string;

  private constructor(run: RunStatement, store: StoreFormat, dialect: Dialect, { tableName, schema }: PreviousTablePlace) {
    this.#run = run;
    const table = qualifiedName(dialect.quote, tableName ?? store.tableName, schema);
    const [key, data, column] = [store.keyColumn, store.dataColumn, store.expiryColumn].map(dialect.quote) as [string, string, string];
    const expiry = store.expiry(dialect, column);
    const live = `from ${table} where ${expiry} > ${dialect.now}`;
    const select = `select ${key} as previous_key, ${data} as previous_data, ${dialect.until(expiry)} as remaining ${live}`;
    this.#page = `${select} and ${key} > ${dialect.parameter(1)} order by ${key} limit ${dialect.parameter(2)}`;
    this.#count = `select count(*) as live ${live}`;
  }

  /**
   * Finds the table.
   *
   * @param run on the table's database
   * @throws PreviousTableError if there is no such table, or it does not belong to the store
   */
  static async open(run: RunStatement, dialect: Dialect, store: StoreFormat, place: PreviousTablePlace = {}): Promise<PreviousTable> {
    const { tableName = store.tableName, schema } = place;
    if (!store.dialects.includes(dialect.name)) {
      throw new PreviousTableError(
        store.name,
        `the dialect of the database is ${dialect.name}`,
        `The store supports ${store.dialects.join(', ')}.`,
      );
    }
    const name = schema ? `${schema}.${tableName}` : tableName;
    const columns = await dialect.columns(run, tableName, schema);
    if (columns.length === 0)
      throw new PreviousTableError(store.name, `there is no table "${name}"`, 'Give the name of the table that the store uses.');
    const missing = [store.keyColumn, store.dataColumn, store.expiryColumn].filter((column) => !columns.includes(column));
    if (missing.length > 0) {
      throw new PreviousTableError(
        store.name,
        `the table "${name}" has no column ${missing.join(', ')}`,
        'Give the name of the table that the store uses.',
      );
    }
    return new PreviousTable(run, store, dialect, place);
  }

  /**
   * Returns live rows in the order of their keys, as the database sorts them.
   *
   * @param after the last key of the previous page; an empty text for the first page
   * @param limit the largest number of rows
   */
  async page(after: string, limit: number): Promise<PreviousRow[]> {
    const { rows } = await this.#run(this.#page, [after, limit]);
    return rows.map(toRow);
  }

  /** Returns the number of live rows. */
  async count(): Promise<number> {
    const { rows } = await this.#run(this.#count);
    return Number(rows[0]?.live);
  }
}

function toRow({ previous_key: key, previous_data: data, remaining }: Readonly<Record<string, unknown>>): PreviousRow {
  return { sessionId: String(key), data, remaining: Number(remaining) };
}
