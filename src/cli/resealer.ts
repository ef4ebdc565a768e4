import { DEVICE_COLUMNS, openDevice, sealDevice } from '../codec/device-text.js';
import { keyIdIn } from '../codec/seal.js';
import type { SessionCodec } from '../codec/session.codec.js';
import { qualifiedName } from '../dialects/qualified-name.js';
import { LAYOUT_WITH_DEVICES } from '../dialects/table-layout.js';
import type { DatabaseContext } from '../persistence/database-context.js';
import { isLive } from '../persistence/expiry.js';
import { SessionDecryptionError } from '../smart-session.errors.js';

/** The number of rows in one read. A row may have a megabyte. */
const PAGE = 100;

/** The most updates at once: the default size of MikroORM's pools. */
const AT_ONCE = 10;

/** The most passes over the table. A pass leaves only rows that other requests wrote meanwhile. */
const PASSES = 10;

/** The result of encrypting rows again. */
export interface ResealOutcome {
  /** The number of rows that were written, or would be. */
  readonly resealed: number;
  /** The number of rows that other requests wrote at each pass with another key. */
  readonly left: number;
}

/** Is told the progress. */
export interface ResealWatch {
  /** The row cannot be decrypted, and stays as it is. Or only its device stays, because that cannot be decrypted. */
  refused(storageKey: string, reason: string, part: RefusedPart): void;
  /** This many more rows were looked at. */
  progressed(rows: number): void;
}

/** The part of a row that cannot be decrypted. */
export type RefusedPart = 'session' | 'device';

type Outcome = 'written' | 'changed' | 'refused';

interface Row {
  readonly storageKey: string;
  readonly data: string;
  /** The texts of its device, in the order of `DEVICE_COLUMNS`; none in a table of layout 1. */
  readonly device: readonly (string | null)[];
}

/** The texts that replace those of a row. */
interface Sealed extends Pick<Row, 'data' | 'device'> {
  /** Why a text of the device stays as it is; undefined if none does. */
  readonly reason: string | undefined;
}

/**
 * Encrypts the rows of live sessions with the first key, if they are not yet. The values of a session and its device stay the same, and so do
 * all other columns. If only a text of the device cannot be decrypted, the rest of the row is encrypted. A row is written only if it still holds the texts that were read. So no change of a request is lost, neither before nor after.
 */
export class Resealer {
  readonly #context: DatabaseContext;
  readonly #codec: SessionCodec;
  readonly #watch: ResealWatch;
  readonly #statements: ReturnType<typeof statementsFor>;
  readonly #keyId: string;
  readonly #refused = new Set<string>();

  /** @param keyId the id of the first key */
  constructor(context: DatabaseContext, codec: SessionCodec, keyId: string, watch: ResealWatch) {
    this.#context = context;
    this.#codec = codec;
    this.#watch = watch;
    this.#keyId = keyId;
    this.#statements = statementsFor(context, keyId);
  }

  /** Returns the number of rows that are not encrypted with the first key. */
  async count(): Promise<number> {
    const { rows } = await this.#context.runner.run(this.#statements.count);
    return Number(rows[0]?.other);
  }

  /**
   * Encrypts all rows again. It may be repeated after an abort, and continues with the rest.
   *
   * @param isDryRun writes nothing
   */
  async run(isDryRun: boolean): Promise<ResealOutcome> {
    let resealed = 0;
    let left = 0;
    for (let pass = 1; pass <= PASSES; pass++) {
      const { written, changed } = await this.#pass(isDryRun);
      resealed += written;
      left = changed;
      if (left === 0) break;
    }
    return { resealed, left };
  }

  async #pass(isDryRun: boolean): Promise<Record<Outcome, number>> {
    const counts: Record<Outcome, number> = { written: 0, changed: 0, refused: 0 };
    for (let rows = await this.#page(''); rows.length > 0; rows = await this.#page(rows.at(-1)!.storageKey)) {
      const fresh = rows.filter(({ storageKey }) => !this.#refused.has(storageKey));
      for (let first = 0; first < fresh.length; first += AT_ONCE) {
        const outcomes = await Promise.all(fresh.slice(first, first + AT_ONCE).map((row) => this.#reseal(row, isDryRun)));
        for (const outcome of outcomes) counts[outcome]++;
        this.#watch.progressed(outcomes.filter((outcome) => outcome !== 'changed').length);
      }
    }
    return counts;
  }

  async #page(after: string): Promise<Row[]> {
    const { rows } = await this.#context.runner.run(this.#statements.page, [after]);
    return rows.map((row) => ({ storageKey: String(row.session_id), data: String(row.data), device: deviceIn(row) }));
  }

  async #reseal(row: Row, isDryRun: boolean): Promise<Outcome> {
    let sealed: Sealed;
    try {
      sealed = this.#sealedAnew(row);
    } catch (error) {
      if (!(error instanceof SessionDecryptionError)) throw error;
      return this.#refuse(row, error.message, 'session');
    }
    if (sealed.reason !== undefined && areSame(row, sealed)) return this.#refuse(row, sealed.reason, 'device');
    if (!isDryRun && !(await this.#write(row, sealed))) return 'changed';
    if (sealed.reason !== undefined) this.#refuse(row, sealed.reason, 'device');
    return 'written';
  }

  /** The row is not looked at again. */
  #refuse({ storageKey }: Row, reason: string, part: RefusedPart): 'refused' {
    this.#refused.add(storageKey);
    this.#watch.refused(storageKey, reason, part);
    return 'refused';
  }

  /**
   * Seals the texts of a row with the first key. A text of the device that cannot be decrypted stays as it is.
   *
   * @throws SessionDecryptionError if the data cannot be decrypted
   */
  #sealedAnew({ storageKey, data, device }: Row): Sealed {
    const codec = this.#codec;
    const isFirst = (text: string) => keyIdIn(text) === this.#keyId;
    let reason: string | undefined;
    const deviceAnew = device.map((text, n) => {
      const column = DEVICE_COLUMNS[n]!;
      if (text === null || isFirst(text)) return text;
      try {
        return sealDevice(codec, storageKey, column, openDevice(codec, storageKey, column, text));
      } catch (error) {
        if (!(error instanceof SessionDecryptionError)) throw error;
        reason ??= error.message;
        return text;
      }
    });
    return { data: isFirst(data) ? data : codec.seal(storageKey, codec.open(storageKey, data)), device: deviceAnew, reason };
  }

  /** Returns false if another request has written or locked the row. */
  async #write({ storageKey, data, device }: Row, sealed: Sealed): Promise<boolean> {
    const { runner, dialect } = this.#context;
    const seen = device.map((text) => text ?? '');
    try {
      return (await runner.run(this.#statements.write, [sealed.data, ...sealed.device, storageKey, data, ...seen])).affected > 0;
    } catch (error) {
      if (dialect.classify(error) !== 'rolled-back') throw error;
      return false;
    }
  }
}

function areSame(row: Row, sealed: Sealed): boolean {
  return row.data === sealed.data && row.device.every((text, n) => text === sealed.device[n]);
}

function statementsFor(context: DatabaseContext, keyId: string) {
  const { dialect, tableName, schema, layout } = context;
  const table = qualifiedName(dialect.quote, tableName, schema);
  const device = layout >= LAYOUT_WITH_DEVICES ? DEVICE_COLUMNS : [];
  const texts = ['data', ...device];
  const isOther = `${isLive(context)} and (${texts.map((column) => `${column} not like 'sealed.1.${keyId}.%'`).join(' or ')})`;
  let n = 0;
  const next = () => dialect.parameter(++n);
  return {
    count: `select count(*) as other from ${table} where ${isOther}`,
    /** the last key */
    page: `select session_id, ${texts.join(', ')} from ${table} where session_id > ${dialect.parameter(1)} and ${isOther} order by session_id limit ${PAGE}`,
    /** new texts, key, texts */
    write:
      `update ${table} set ${texts.map((column) => `${column} = ${next()}`).join(', ')} where session_id = ${next()} and ` +
      texts.map((column) => `coalesce(${column}, '') = ${dialect.exactText(next())}`).join(' and '),
  };
}

function deviceIn(row: Readonly<Record<string, unknown>>): (string | null)[] {
  return DEVICE_COLUMNS.flatMap((column) => {
    const text = row[column];
    return text === undefined ? [] : [text === null ? null : String(text)];
  });
}
