import { callbackify } from 'node:util';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { Store, type SessionData } from 'express-session';
import type { DatabaseContext } from 'nestjs-smart-session';
import { DistantRunner } from './distant-runner.js';
import { record, recordWrite } from './recorder.js';

const TABLE = 'last_write_sessions';

/**
 * A session store like most others: it loads the whole session and overwrites the whole row. It is not made worse on purpose.
 * Only parts that a sample does not need are left out, such as expiry.
 */
export class LastWriteWinsStore extends Store {
  readonly #runner: DistantRunner;
  readonly #first: string;
  readonly #upsert: string;

  /** @param database the database of this library's own sessions */
  constructor({ orm, dialect }: DatabaseContext) {
    super();
    this.#runner = new DistantRunner(() => orm!.em.getConnection() as AbstractSqlConnection);
    const isMysql = ['mysql', 'mariadb'].includes(dialect.name);
    const onDuplicate = isMysql
      ? 'on duplicate key update data = values(data)'
      : 'on conflict (session_id) do update set data = excluded.data';
    this.#first = dialect.parameter(1);
    this.#upsert = `insert into ${TABLE} (session_id, data) values (${dialect.parameter(1)}, ${dialect.parameter(2)}) ${onDuplicate}`;
  }

  /** Creates the table if it is missing. */
  async createTable(): Promise<void> {
    await this.#runner.run(`create table if not exists ${TABLE} (session_id varchar(64) not null primary key, data text not null)`);
  }

  override get(sessionId: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    const load = async () => {
      const { rows } = await this.#runner.run(`select data from ${TABLE} where session_id = ${this.#first}`, [sessionId]);
      return rows[0] ? (JSON.parse(String(rows[0].data)) as SessionData) : null;
    };
    callbackify(() => record('load', load))(callback);
  }

  override set(sessionId: string, session: SessionData, callback: (error?: unknown) => void = () => {}): void {
    const data = JSON.stringify(session);
    const write = () =>
      recordWrite(
        'lastWrite',
        data,
        () => this.#runner.run(this.#upsert, [sessionId, data]),
        () => true,
      );
    callbackify(() => record('commit', write))(callback);
  }

  override destroy(sessionId: string, callback: (error?: unknown) => void = () => {}): void {
    callbackify(() => this.#runner.run(`delete from ${TABLE} where session_id = ${this.#first}`, [sessionId]))(callback);
  }
}
