import type { RunStatement } from '../../src/dialects/run-statement.js';
import type { AppSettings } from '../faults/app.js';
import { AppProcess } from './app-process.js';
import { appliedTwice, startAudit } from './audit.js';
import { Load, type LoadOptions } from './load.js';
import { HAS_MARIADB, OwnMariadb } from './own-mariadb.js';
import { HAS_POSTGRESQL, OwnPostgresql } from './own-postgresql.js';
import { OwnSqlite } from './own-sqlite.js';
import { onDatabase, type OwnServer } from './own-server.js';

const MAKERS = { ...(HAS_POSTGRESQL && { postgresql: OwnPostgresql }), ...(HAS_MARIADB && { mariadb: OwnMariadb }), sqlite: OwnSqlite };

/** The databases on which faults are tested, limited by `DATABASE`. */
export const SITES = (Object.keys(MAKERS) as Dialect[]).filter((dialect) => (process.env.DATABASE ?? dialect).split(',').includes(dialect));

/** The databases among them that are servers. */
export const SERVERS = SITES.filter((dialect) => dialect !== 'sqlite');

type Dialect = 'postgresql' | 'mariadb' | 'sqlite';

interface AppsSettings extends Partial<AppSettings> {
  readonly through?: (n: number) => object;
  readonly launcher?: (n: number) => readonly string[];
}

/** The place of a fault: a server of the test, processes of an app on it, and clients. */
export class FaultSite {
  readonly apps: AppProcess[] = [];

  private constructor(
    readonly dialect: Dialect,
    readonly server: OwnServer,
  ) {}

  /**
   * @param settings lines for the configuration of the server
   * @param parent the directory that the server's own directory is made in
   */
  static async open(dialect: Dialect, settings?: readonly string[], parent?: string): Promise<FaultSite> {
    return new FaultSite(dialect, await MAKERS[dialect]!.make(settings, parent));
  }

  /** Uses a running server, which `close` ends. */
  static around(server: OwnServer & { dialect: 'postgresql' | 'mariadb' }): FaultSite {
    return new FaultSite(server.dialect, server);
  }

  /** Runs statements on the server without the app. */
  run<Result>(work: (run: RunStatement) => Promise<Result>): Promise<Result> {
    return onDatabase(this.dialect, this.server.address, work);
  }

  /** Runs `work` while a transaction on the server holds the locks of a statement. */
  async holding(statement: string, work: () => Promise<void>): Promise<void> {
    await onDatabase(this.dialect, { ...this.server.address, pool: { min: 0, max: 1 } }, async (run) => {
      await run('begin');
      await run(statement);
      await work();
      await run('commit');
    });
  }

  /**
   * Starts processes of the app on a new table.
   *
   * @param through the address of the server for each process, if not the server's own
   * @param launcher a program, with its parameters, that runs each process
   */
  async startApps(count: number, settings: AppsSettings = {}): Promise<void> {
    const { through, launcher, connection, ...rest } = settings;
    const connectionOf = (n: number) => ({ ...this.server.address, ...through?.(n), ...connection });
    const start = (_: unknown, n: number) =>
      AppProcess.start({ dialect: this.dialect, connection: connectionOf(n), ...rest }, launcher?.(n));
    this.apps.push(...(await Promise.all(Array.from({ length: count }, start))));
    await this.run((run) => startAudit(this.dialect, run));
  }

  startLoad(terms: Partial<LoadOptions> = {}): Promise<Load> {
    return Load.start({ urlOf: (n) => this.apps[n % this.apps.length]!.url, ...terms });
  }

  /**
   * Ends the load, reports the measurements, and returns what must hold. No acknowledged change is lost, none took effect twice,
   * every request was answered, and no process crashed.
   */
  async conclude(load: Load, fault: string) {
    await load.stop();
    // A change counts as lost if any of the processes misses it.
    const lost = Math.max(...(await Promise.all(this.apps.map(({ url }) => load.lost(url)))));
    const twice = await this.run(appliedTwice);
    const { hung } = load;
    report(this.dialect, fault, { ...load.figures(), lost, twice });
    return { lost, twice, hung, crashes: this.apps.map(({ errors }) => errors).join('') };
  }

  /** Ends the app's processes and drops their tables. */
  async endApps(): Promise<void> {
    await Promise.all(this.apps.splice(0).map((app) => app.end('SIGKILL')));
    await this.run(async (run) => {
      for (const table of ['sessions', 'sessions_leases', 'audit']) await run(`drop table if exists ${table}`);
      if (this.dialect === 'postgresql') await run('drop function if exists audit');
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.apps.splice(0).map((app) => app.end('SIGKILL')));
    await this.server.stop();
  }
}

/** The result of `conclude` without a fault. */
export const SOUND = { lost: 0, twice: 0, hung: 0, crashes: '' };

/** Prints the measurements. */
export function report(dialect: string, fault: string, figures: object): void {
  process.stdout.write(`\nmeasured | ${dialect} | ${fault} | ${JSON.stringify(figures)}\n`);
}
