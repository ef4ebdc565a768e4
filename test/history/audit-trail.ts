import type { DialectName, RunStatement } from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { dropTables } from '../support/drop-tables.js';
import type { AuditEntry } from '../../packages/session-race/src/history/history-request.js';

/** A table of sessions, and which of its columns hold what. */
export interface AuditedTable {
  readonly name: string;
  readonly key: string;
  readonly data: string;
  readonly version?: string;
  readonly commitId?: string;
}

/** This library's. */
export function ownTable(name: string): AuditedTable {
  return { name, key: 'session_id', data: 'data', version: 'lock_version', commitId: 'commit_id' };
}

const SEQUENCES: Readonly<Record<DialectName, string>> = {
  postgresql: 'bigserial primary key',
  mysql: 'bigint auto_increment primary key',
  mariadb: 'bigint auto_increment primary key',
  sqlite: 'integer primary key autoincrement',
};

/**
 * A trigger that copies each version of each row into a table beside, in the transaction that writes it: the
 * order of one row's versions is known, and not inferred.
 */
export class AuditTrail {
  readonly #audit: string;

  /**
   * Use `install` for a new one.
   *
   * @param within returns the body of a trigger of MySQL with this statement
   */
  constructor(
    private readonly run: RunStatement,
    private readonly database: DialectName,
    private readonly table: AuditedTable,
    private readonly within = (statement: string) => statement,
  ) {
    this.#audit = `${table.name}_audit`;
  }

  /** Drops what a run that was interrupted has left. */
  static async removeFrom(run: RunStatement, database: DialectName, table: AuditedTable): Promise<void> {
    await new AuditTrail(run, database, table).remove();
  }

  /** Copies what stands there, and from now on what is written. */
  static async install(...parameters: ConstructorParameters<typeof AuditTrail>): Promise<AuditTrail> {
    const trail = new AuditTrail(...parameters);
    await trail.#install();
    return trail;
  }

  /** Everything that was copied, in order. */
  async read(): Promise<AuditEntry[]> {
    const { rows } = await this.run(`select session_key, data, version, commit_id from ${this.#audit} order by seq`);
    return rows.map(toEntry);
  }

  /** The same in the order of the versions of each row. On several primaries, the sequence does not tell which of two was first. */
  async readByVersion(): Promise<AuditEntry[]> {
    const rank = ({ data, version = 0 }: AuditEntry) => version + (data === undefined ? 0.5 : 0);
    return (await this.read()).toSorted((a, b) => rank(a) - rank(b));
  }

  /** What the table holds now. */
  async current(): Promise<AuditEntry[]> {
    const { rows } = await this.run(`select ${this.#columns()} from ${this.#quoted()} order by ${this.table.key}`);
    return rows.map(toEntry);
  }

  /** Drops the audited table, and what copies it. */
  async remove(): Promise<void> {
    await dropTables(this.database, this.run, this.table.name);
    await this.run(`drop table if exists ${this.#audit}`);
    if (this.database === 'postgresql') await this.run(`drop function if exists ${this.#audit}()`);
  }

  async #install(): Promise<void> {
    const long = this.database === 'postgresql' || this.database === 'sqlite' ? 'text' : 'longtext';
    await this.run(
      `create table ${this.#audit} (seq ${SEQUENCES[this.database]}, session_key varchar(255) not null, data ${long}, version int, commit_id varchar(36))`,
    );
    if (this.database === 'postgresql') await this.#installFunction();
    else for (const event of ['insert', 'update', 'delete'] as const) await this.#installTrigger(event);
    await this.run(`insert into ${this.#audit} (session_key, data, version, commit_id) select ${this.#columns()} from ${this.#quoted()}`);
  }

  async #installFunction(): Promise<void> {
    const into = `insert into ${this.#audit} (session_key, data, version, commit_id) values`;
    await this.run(
      `create function ${this.#audit}() returns trigger language plpgsql as $$ begin ` +
        `if tg_op = 'DELETE' then ${into} (${this.#deleted()}); else ${into} (${this.#written()}); end if; return null; end $$`,
    );
    await this.run(
      `create trigger ${this.#audit} after insert or update or delete on ${this.#quoted()} for each row execute function ${this.#audit}()`,
    );
  }

  async #installTrigger(event: 'insert' | 'update' | 'delete'): Promise<void> {
    const copy = `insert into ${this.#audit} (session_key, data, version, commit_id) values (${event === 'delete' ? this.#deleted() : this.#written()})`;
    const body = this.database === 'sqlite' ? `begin ${copy}; end` : this.within(copy);
    await this.run(`create trigger ${this.#audit}_${event} after ${event} on ${this.#quoted()} for each row ${body}`);
  }

  #written(): string {
    const { key, data, version, commitId } = this.table;
    return [`new.${key}`, `new.${data}`, version ? `new.${version}` : 'null', commitId ? `new.${commitId}` : 'null'].join(', ');
  }

  #deleted(): string {
    const { key, version } = this.table;
    return `old.${key}, null, ${version ? `old.${version}` : 'null'}, null`;
  }

  #columns(): string {
    const { key, data, version = 'null', commitId = 'null' } = this.table;
    return `${key} as session_key, ${data} as data, ${version} as version, ${commitId} as commit_id`;
  }

  #quoted(): string {
    return DIALECTS[this.database].quote(this.table.name);
  }
}

function toEntry({ session_key, data, version, commit_id }: Record<string, unknown>): AuditEntry {
  return {
    key: String(session_key),
    data: data === null ? undefined : textOf(data),
    version: version === null ? undefined : Number(version),
    commitId: commit_id === null ? undefined : String(commit_id),
  };
}

/** Drivers parse a JSON column. */
function textOf(data: unknown): string {
  return typeof data === 'string' ? data : JSON.stringify(data);
}
