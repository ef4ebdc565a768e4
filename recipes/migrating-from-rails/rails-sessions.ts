import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/core';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import type { SessionData } from 'express-session';

/** In ms: `db:sessions:trim` of Rails deletes sessions that were not written for this time. */
const LIFETIME = 30 * 24 * 60 * 60 * 1000;

/** The beginning of Ruby's Marshal format in Base64. */
const MARSHAL = 'BAh';

type Callback = (error: unknown, session?: SessionData | null) => void;

/** The table `sessions` of activerecord-session_store, as a store of express-session. */
@Injectable()
export class RailsSessions {
  constructor(private readonly orm: MikroORM) {}

  get(publicId: string, callback: Callback): void {
    answer(this.#find(publicId), callback);
  }

  destroy(publicId: string, callback: Callback = () => {}): void {
    answer(this.#run('delete from sessions where session_id in (?, ?)', keysOf(publicId)), (error) => callback(error));
  }

  async #find(publicId: string): Promise<SessionData | null> {
    const trimmed = new Date(Date.now() - LIFETIME).toISOString().slice(0, 19).replace('T', ' ');
    const [row] = await this.#run('select data from sessions where session_id in (?, ?) and updated_at > ?', [
      ...keysOf(publicId),
      trimmed,
    ]);
    if (!row || row.data.startsWith(MARSHAL)) return null;
    const { value } = JSON.parse(row.data) as { value: object };
    return { ...value, cookie: { originalMaxAge: null } } as SessionData;
  }

  async #run(sql: string, parameters: string[]): Promise<{ data: string }[]> {
    return (this.orm.em.getConnection() as AbstractSqlConnection).execute(sql, parameters);
  }
}

/** The key of a row is a hash, or the id itself if the gem was older than version 2. */
function keysOf(publicId: string): string[] {
  return [`2::${createHash('sha256').update(publicId).digest('hex')}`, publicId];
}

function answer<Result>(work: Promise<Result>, callback: (error: unknown, result?: Result) => void): void {
  work.then(
    (result) => process.nextTick(callback, null, result),
    (error: unknown) => process.nextTick(callback, error),
  );
}
