import type { INestApplication } from '@nestjs/common';
import { DatabaseContext, SessionService, type DialectName, type SmartSessionModuleOptions } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { Browser } from './browser.js';
import { dropTables } from './drop-tables.js';
import { startTestApp, type TestAppSettings } from './test-app.js';

/** A test app with access to its table and to the age of its sessions. */
export class SessionsApp {
  readonly context: DatabaseContext;
  readonly sessions: SessionService;

  private constructor(
    readonly app: INestApplication,
    private readonly tableName: string,
  ) {
    this.context = app.get(DatabaseContext, { strict: false });
    this.sessions = app.get(SessionService);
  }

  static async start(
    database: DialectName,
    options: Partial<SmartSessionModuleOptions> & { tableName: string },
    settings: TestAppSettings = {},
  ): Promise<SessionsApp> {
    return new SessionsApp(await startTestApp(database, { ...settings, options: { pruneInterval: false, ...options } }), options.tableName);
  }

  /** Returns a browser with a session of these values. */
  async browser(values: object = { a: 1 }): Promise<Browser> {
    const browser = new Browser(this.app);
    await browser.post('/set', values);
    return browser;
  }

  /** Runs a statement; `{table}` stands for the quoted table. */
  async run(sql: string): Promise<readonly Record<string, unknown>[]> {
    const { runner, dialect } = this.context;
    return (await runner.run(sql.replaceAll('{table}', dialect.quote(this.tableName)))).rows;
  }

  /** Returns the number of rows, live or not. */
  async rows(): Promise<number> {
    return Number((await this.run('select count(*) as n from {table}'))[0]?.n);
  }

  /** Makes everything older by this many ms. */
  async age(ms: number): Promise<void> {
    const { dialect } = this.context;
    const earlier = ['created_at', 'updated_at', 'expires_at'].map((column) => `${column} = ${dialect.after(column, String(-ms))}`);
    await this.run(`update {table} set ${earlier.join(', ')}`);
  }

  async clear(): Promise<void> {
    await this.run('delete from {table}');
  }

  async close(): Promise<void> {
    const { runner, dialect } = this.context;
    await dropTables(dialect.name, runner.run, this.tableName);
    await this.app.close();
  }
}

/** Returns the session id in a browser's cookie. */
export function sessionIdOf({ cookie }: Browser): string {
  return decodeURIComponent(cookie.split('=')[1] ?? '')
    .slice(2)
    .split('.')[0]!;
}

/** Returns the storage key of the session in a browser's cookie. */
export function storageKeyIn(browser: Browser): string {
  return storageKeyOf(sessionIdOf(browser));
}
