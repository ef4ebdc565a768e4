import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OwnServer } from './own-server.js';

/** A SQLite file of the test. It ends with the processes that use it. */
export class OwnSqlite implements OwnServer {
  readonly dialect = 'sqlite';
  readonly isRunning = true;
  readonly #directory: string;

  private constructor(parent: string) {
    this.#directory = mkdtempSync(join(parent, 'sqlite-'));
  }

  /** @param parent the directory that its own directory is made in */
  static make(_settings: readonly string[] = [], parent = tmpdir()): Promise<OwnSqlite> {
    return Promise.resolve(new OwnSqlite(parent));
  }

  get address() {
    return { dbName: join(this.#directory, 'sessions.sqlite') };
  }

  async crash(): Promise<void> {}
  async start(): Promise<void> {}

  async stop(): Promise<void> {
    rmSync(this.#directory, { recursive: true });
  }
}
