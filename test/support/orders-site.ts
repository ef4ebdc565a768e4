import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import { isCommit } from './commit-bytes.js';
import { CONNECTIONS } from './databases.js';
import { dropTables } from './drop-tables.js';
import { ForkedProcess } from './forked-process.js';
import { makeOrders } from './orders.js';
import { onDatabase } from './own-server.js';
import { PAID_TABLES, type Payment, type PaymentApp, type PaymentCall, type Step } from './payments.js';
import { TcpProxy, type Passage } from './tcp-proxy.js';

type PaymentProcess = ForkedProcess<PaymentCall, string>;

/** A process that runs the app. */
interface Worker {
  readonly process: PaymentProcess;
  readonly url: string;
}

/** The cookie of a session with a cart. */
type Cart = string;

/** A cart as it is stored, and how many orders there are for it. */
interface CartState {
  readonly items: number;
  readonly orders: number;
}

/** How many clients were told what: an outcome, the status of an error, or nothing. */
export type Answers = Readonly<Record<string, number>>;

/** A request that has stopped at a step of its payment. */
interface StoppedPayment {
  /** Its answer, later. */
  readonly answers: Promise<Answers>;
}

/**
 * Processes of an app in which carts are paid. The last one is made to fail. It is connected to its database through a proxy, unless
 * that is SQLite.
 */
export class OrdersSite {
  readonly #directory = mkdtempSync(join(tmpdir(), 'orders-'));
  readonly #workers: Worker[] = [];
  /** Processes that run, and have no app. */
  readonly #idle: PaymentProcess[] = [];
  #proxy: TcpProxy | undefined;
  #app: Omit<PaymentApp, 'connection'> = { database: 'sqlite', repository: 'SqlSessionRepository' };

  /** @param processes how many there are */
  constructor(private readonly processes: number) {}

  /** Starts the app. Processes that run are used again, because their start takes a second. */
  async startOn(app: Omit<PaymentApp, 'connection'>): Promise<void> {
    await this.#closeApps();
    this.#app = app;
    if (app.database !== 'sqlite') this.#proxy = await TcpProxy.start(CONNECTIONS[app.database]);
    // A test that was killed leaves its tables.
    await this.#drop();
    await this.#onDatabase((run) => makeOrders(run, PAID_TABLES.orders));
    await this.replace();
  }

  /** Starts a process instead of each one that was killed. */
  async replace(): Promise<void> {
    const { length } = this.#workers;
    const start = async (_: unknown, n: number) => {
      const process = this.#idle.pop() ?? new ForkedProcess<PaymentCall, string>('build/test/support/orders-worker.js');
      return { process, url: await process.ask(this.#appOf(length + n)) };
    };
    this.#workers.push(...(await Promise.all(Array.from({ length: this.processes - length }, start))));
  }

  /** Fills the carts of new sessions. */
  fill(count: number): Promise<Cart[]> {
    return Promise.all(Array.from({ length: count }, (_, n) => this.#fill(this.#workers[n % this.#workers.length]!.url)));
  }

  /** Lets clients pay one cart at the same time, at all processes. */
  async pay(cart: Cart, clients: number, payment: Payment = 'transactional'): Promise<Answers> {
    const urls = this.#workers.map(({ url }) => url);
    return tally(Array.from({ length: clients }, (_, n) => this.#pay(urls[n % urls.length]!, cart, payment)));
  }

  /** Lets one client pay a cart at the process that fails. */
  payAtLast(cart: Cart): Promise<Answers> {
    return tally([this.#pay(this.#last.url, cart, 'transactional')]);
  }

  /** Does the same, and returns when the request has stopped at a step. */
  async stopAt(step: Step, cart: Cart, payment: Payment = 'transactional'): Promise<StoppedPayment> {
    const stopped = this.#last.process.answer();
    const answers = tally([this.#pay(this.#last.url, cart, payment, step)]);
    await stopped;
    return { answers };
  }

  /** Lets the requests go on that have stopped. */
  async goOn(): Promise<void> {
    await this.#last.process.ask('go on');
  }

  /** Kills the last process. The others go on. */
  async killLast(): Promise<void> {
    await this.#workers.pop()!.process.kill();
  }

  /** Cuts the connection of the next COMMIT of the last process. Returns whether that has happened. */
  cutCommit(passage: Passage): () => boolean {
    let isCut = false;
    this.#proxy!.judge = (sent) => {
      if (isCut || !isCommit(sent)) return 'forward';
      isCut = true;
      return passage;
    };
    return () => isCut;
  }

  /** Cuts all connections of the last process. */
  cutConnections(): void {
    this.#proxy!.endConnections();
  }

  async state(cookie: Cart): Promise<CartState> {
    const answer = await fetch(`${this.#workers[0]!.url}/cart`, { headers: { cookie } });
    return answer.json() as Promise<CartState>;
  }

  async close(): Promise<void> {
    await this.#closeApps();
    await Promise.all(this.#idle.map((process) => process.stop()));
    await this.#drop();
    rmSync(this.#directory, { recursive: true });
  }

  get #last() {
    return this.#workers.at(-1)!;
  }

  #appOf(n: number): PaymentApp {
    const isLast = n === this.processes - 1;
    return { ...this.#app, connection: { ...this.#connection, ...(isLast && this.#proxy?.address) } };
  }

  get #connection() {
    const { driver: _, ...address } = CONNECTIONS[this.#app.database];
    return this.#app.database === 'sqlite' ? { dbName: join(this.#directory, 'orders.db') } : address;
  }

  async #fill(url: string): Promise<Cart> {
    const answer = await fetch(`${url}/cart`, { method: 'POST' });
    return answer.headers.getSetCookie()[0]!.split(';')[0]!;
  }

  async #pay(url: string, cookie: Cart, payment: Payment, stop?: Step): Promise<string> {
    const answer = await fetch(`${url}/pay/${payment}?${new URLSearchParams(stop && { stop })}`, { method: 'POST', headers: { cookie } });
    return answer.ok ? answer.text() : String(answer.status);
  }

  async #closeApps(): Promise<void> {
    const closing = this.#workers.splice(0).map(async ({ process }) => {
      await process.ask('close');
      this.#idle.push(process);
    });
    await Promise.all(closing);
    await this.#proxy?.close();
    this.#proxy = undefined;
  }

  #drop(): Promise<void> {
    return this.#onDatabase(async (run) => {
      await dropTables(this.#app.database, run, PAID_TABLES.sessions);
      await run(`drop table if exists ${PAID_TABLES.orders}`);
    });
  }

  #onDatabase(work: (run: RunStatement) => Promise<void>): Promise<void> {
    return onDatabase(this.#app.database, this.#connection, work);
  }
}

/** Counts equal answers. A client whose process was killed was told nothing. */
async function tally(sent: readonly Promise<string>[]): Promise<Answers> {
  const answers = await Promise.all(sent.map((answer) => answer.catch(() => 'nothing')));
  return Object.fromEntries([...Map.groupBy(answers, (answer) => answer)].map(([answer, all]) => [answer, all.length]));
}
