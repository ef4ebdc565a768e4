import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DialectName } from '../../src/index.js';
import { CONNECTIONS } from './databases.js';
import { dropTables } from './drop-tables.js';
import { ForkedProcess } from './forked-process.js';
import { onDatabase } from './own-server.js';
import type { TokenFault } from './token-faults.js';

/** The provider's counts since the login. */
interface Counts {
  readonly redeemed: number;
  readonly refused: number;
  readonly revoked: number;
}

/** The provider's process: it logs in, or returns its counts. */
type ProviderProcess = ForkedProcess<'counts' | { readonly graceSeconds: number }, object>;

/** A process of the app. It answers with its address, or, when it is blocked, with the ids of its connections. */
type WorkerProcess = ForkedProcess<DialectName | 'close', string | readonly number[]>;

/** The answers of all tabs: each status and each access token once. */
interface TabAnswers {
  readonly statuses: readonly number[];
  readonly tokens: readonly (string | undefined)[];
  /** How many tabs have no answer, because their process ended. */
  readonly unanswered: number;
}

/** A process whose event loop is blocked while it refreshes the tokens. */
interface BlockedProcess {
  /** Its answer, later. */
  readonly late: Promise<Response>;
  /** The ids of its connections to the database. */
  readonly connections: readonly number[];
  /** The addresses of the other processes. */
  readonly others: readonly string[];
  /** Lets it go on. */
  release(): void;
}

/** The lease of a process with a fault, in ms. The others wait for its end. */
const SHORT_LEASE = 300;

/** Processes of an app whose sessions keep the tokens of a provider, and one browser with many tabs. */
export class TokenSite {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tokens-'));
  readonly #provider: ProviderProcess = new ForkedProcess('build/test/support/identity-provider.js');
  #workers: readonly WorkerProcess[] = [];
  #urls: readonly string[] = [];
  #database: DialectName = 'sqlite';
  #cookie = '';

  /** Starts the app on a database, with as many processes. Those that run are used again, because their start takes a second. */
  async startOn(database: DialectName, processes: number): Promise<void> {
    const { running } = this;
    const file = join(this.#directory, 'tokens.db');
    const start = (): WorkerProcess => new ForkedProcess('build/test/support/tokens-worker.js', [file]);
    this.#workers = [...running, ...Array.from({ length: processes - running.length }, start)];
    await this.#closeApps(running);
    this.#database = database;
    // A test that was killed leaves its table.
    await dropOn(database);
    this.#urls = await Promise.all(this.#workers.map((worker) => worker.ask(database) as Promise<string>));
  }

  /** The processes that run. */
  get running(): readonly WorkerProcess[] {
    return this.#workers.filter(({ isRunning }) => isRunning);
  }

  /** The addresses of the processes that run. */
  get urls(): readonly string[] {
    return this.running.map((worker) => this.#urls[this.#workers.indexOf(worker)]!);
  }

  /** Begins a session with new tokens. */
  async login(graceSeconds = 0): Promise<void> {
    const tokens = await this.#provider.ask({ graceSeconds });
    this.#cookie = '';
    const answer = await this.#post(`${this.urls[0]}/tokens`, tokens);
    this.#cookie = answer.headers.getSetCookie()[0]!.split(';')[0]!;
  }

  counts(): Promise<Counts> {
    return this.#provider.ask('counts') as Promise<Counts>;
  }

  /** Sends a request of one tab that refreshes the tokens with a fault, to the last process. */
  refreshWith(fault: TokenFault, lease = SHORT_LEASE, file = ''): Promise<Response> {
    return this.#post(`${this.urls.at(-1)}/once/1?${new URLSearchParams({ fault, file, lease: String(lease) })}`);
  }

  /** Blocks the event loop of the last process while it refreshes the tokens. */
  async block(fault: TokenFault, lease?: number): Promise<BlockedProcess> {
    const file = join(this.#directory, randomUUID());
    const blocked = this.running.at(-1)!.answer();
    const late = this.refreshWith(fault, lease, file);
    const connections = (await blocked) as readonly number[];
    return { late, connections, others: this.urls.slice(0, -1), release: () => writeFileSync(file, '') };
  }

  /** Sends a request of each tab, to processes in turn. */
  async askByAll(path: string, tabs: number, to = this.urls): Promise<TabAnswers> {
    const sent = await Promise.allSettled(Array.from({ length: tabs }, (_, n) => this.#post(`${to[n % to.length]}/${path}`)));
    const answers = sent.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    const bodies = await Promise.all(answers.map((answer) => answer.json() as Promise<{ accessToken?: string }>));
    return {
      statuses: [...new Set(answers.map(({ status }) => status))],
      tokens: [...new Set(bodies.map(({ accessToken }) => accessToken))],
      unanswered: tabs - answers.length,
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers, this.#provider].map((process) => process.stop()));
    await dropOn(this.#database);
    rmSync(this.#directory, { recursive: true });
  }

  async #closeApps(workers: readonly WorkerProcess[]): Promise<void> {
    await Promise.all(workers.map((worker) => worker.ask('close')));
    await dropOn(this.#database);
  }

  #post(url: string, body: object = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json', cookie: this.#cookie };
    return fetch(url, { method: 'POST', body: JSON.stringify(body), headers });
  }
}

/** Drops the tables of the app. Those of SQLite are removed with the directory. */
async function dropOn(database: DialectName): Promise<void> {
  if (database === 'sqlite') return;
  const { driver: _, ...address } = CONNECTIONS[database];
  await onDatabase(database, address, (run) => dropTables(database, run, `tokens_${database}`));
}
