import { isReservedName } from '../codec/reserved-names.js';
import type { SessionCodec } from '../codec/session.codec.js';
import type { StoreFormat } from './store-format.js';
import type { PreviousRow } from './previous-table.js';
import type { RecordChange, SessionRepository } from '../persistence/session.repository.js';
import { asError } from '../shared/thrown.js';
import { SessionNotSerializableError, SessionTooLargeError } from '../smart-session.errors.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';
import { exactLifetime, maxAgeOrNull } from '../records/lifetime.js';
import { commitIdAfter } from '../records/commit-id.js';
import { removeExpiredRow } from '../commit/expired-row.js';
import { RecordChangeBuilder } from '../commit/record-change-builder.js';

/** The result of importing some rows. */
export interface ImportOutcome {
  readonly imported: number;
  /** Had a live record already, which stays as it is. */
  readonly existing: number;
  readonly refused: readonly RefusedRow[];
}

/** A row that is no session, or one that cannot be stored. */
export interface RefusedRow {
  readonly storageKey: string;
  readonly reason: string;
}

/** The most inserts at once: the default size of MikroORM's pools. */
const AT_ONCE = 10;

type Wanted = readonly [storageKey: string, row: PreviousRow];

/** Copies sessions of another store. A live record that is there already is never written over. */
export class SessionImporter {
  readonly #format: StoreFormat;
  readonly #repository: SessionRepository;
  readonly #codec: SessionCodec;
  readonly #builder: RecordChangeBuilder;

  /** @param format the format of the rows */
  constructor(format: StoreFormat, repository: SessionRepository, codec: SessionCodec, options: SmartSessionOptions) {
    this.#format = format;
    this.#repository = repository;
    this.#codec = codec;
    this.#builder = new RecordChangeBuilder(codec, options);
  }

  /**
   * Copies rows into records: their values, their user, the cookie's max age and the time they have left.
   *
   * @param isDryRun writes nothing, and returns the result that an import would have
   * @throws what the repository throws; the rows before are imported then, and all can be imported again
   */
  async import(rows: readonly PreviousRow[], isDryRun: boolean): Promise<ImportOutcome> {
    const keyed = rows.map((row): Wanted => [this.#codec.storageKeyOf(row.sessionId), row]);
    const known = await this.#repository.loadMany(keyed.map(([storageKey]) => storageKey));
    const refused: RefusedRow[] = [];
    let imported = 0;
    const absent = keyed.filter(([storageKey]) => !known.has(storageKey));
    for (let first = 0; first < absent.length; first += AT_ONCE) {
      const outcomes = await Promise.all(absent.slice(first, first + AT_ONCE).map((wanted) => this.#importOne(wanted, isDryRun)));
      imported += outcomes.filter((outcome) => outcome === 'imported').length;
      refused.push(...outcomes.filter((outcome) => typeof outcome === 'object'));
    }
    return { imported, existing: rows.length - imported - refused.length, refused };
  }

  async #importOne([storageKey, row]: Wanted, isDryRun: boolean): Promise<'imported' | 'existing' | RefusedRow> {
    let change: RecordChange;
    try {
      change = this.#changeOf(storageKey, row);
    } catch (error) {
      return { storageKey, reason: reasonOf(error) };
    }
    return isDryRun || (await this.#insert(storageKey, change)) ? 'imported' : 'existing';
  }

  async #insert(storageKey: string, change: RecordChange): Promise<boolean> {
    if (await this.#repository.insert(storageKey, change)) return true;
    // The command line has no observers.
    return (await removeExpiredRow(this.#repository, storageKey, undefined)) && this.#repository.insert(storageKey, change);
  }

  #changeOf(storageKey: string, { data, remaining }: PreviousRow): RecordChange {
    const session = this.#format.read(data);
    // express-session drops such names when it loads a session.
    const own = Object.entries(session).filter(([key]) => !isReservedName(key));
    const values = this.#codec.encodeValues(Object.fromEntries(own));
    return this.#builder.build(storageKey, values, this.#codec.join(values), {
      commitId: commitIdAfter(undefined),
      maxAge: maxAgeOrNull(session),
      lifetime: (longest) => exactLifetime(remaining, longest),
    });
  }
}

/** What else fails is the app's `userId`; what that says may be anything. */
function reasonOf(error: unknown): string {
  const isKnown = error instanceof SyntaxError || error instanceof SessionTooLargeError || error instanceof SessionNotSerializableError;
  return isKnown ? error.message : `\`userId\` failed: ${asError(error).name}`;
}
