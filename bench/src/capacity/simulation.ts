import { percentile } from '../load/percentile.js';
import { Cores } from './cores.js';
import type { DatabaseCost } from './database-cost.js';
import { EventQueue } from './event-queue.js';
import { costOf, type StatementCost } from './statement-cost.js';

/** What a request costs an app process, in µs of CPU time. */
export interface AppCost {
  /** A read and a write without their statements. */
  readonly read: number;
  readonly write: number;
  readonly perStatement: number;
}

/** A site: its costs and its load. */
export interface Site {
  readonly app: AppCost;
  readonly database: DatabaseCost;
  readonly processes: number;
  readonly databaseCores: number;
  /** Requests per second of the whole site, or the number of clients that each send a request after the last answer. */
  readonly load: { readonly rate: number } | { readonly clients: number };
  /** The share of requests that write, 0 to 1. */
  readonly writes: number;
  /** Of the network, in µs. */
  readonly roundTrip: number;
  /** The time that a commit waits for the disk, in µs. It uses no CPU time. */
  readonly sync: number;
}

/** The result. Times are in ms, and loads are shares of the available CPU time. */
export interface Outcome {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly processLoad: number;
  readonly databaseLoad: number;
  readonly statementsPerSecond: number;
}

/** The most sessions in one statement, as in the module. */
const LARGEST_BATCH = 100;
/** In simulated µs. */
const WARM_UP = 300_000;
const DURATION = 1_000_000;

/**
 * Simulates processes that share one database. Each process sends one statement of a kind at a time, and requests that come meanwhile
 * share the next one. Sessions do not conflict.
 *
 * @param random numbers from 0 to 1
 */
export function simulate(site: Site, random: () => number): Outcome {
  return new Simulation(site, random).run();
}

interface Usage {
  readonly app: number;
  readonly database: number;
  readonly statements: number;
}

class Simulation {
  readonly #queue = new EventQueue();
  readonly #database: Cores;
  readonly #processes: readonly AppProcess[];
  /** In µs. */
  #latencies: number[] = [];

  constructor(
    private readonly site: Site,
    private readonly random: () => number,
  ) {
    this.#database = new Cores(this.#queue, site.databaseCores);
    this.#processes = Array.from({ length: site.processes }, () => new AppProcess(this.#queue, this.#database, site));
  }

  run(): Outcome {
    this.#startLoad();
    this.#queue.runUntil(WARM_UP);
    this.#latencies = [];
    const before = this.#usage();
    this.#queue.runUntil(WARM_UP + DURATION);
    const after = this.#usage();
    const sorted = this.#latencies.toSorted((one, other) => one - other);
    return {
      rate: sorted.length / (DURATION / 1e6),
      p50: percentile(sorted, 0.5) / 1000,
      p99: percentile(sorted, 0.99) / 1000,
      processLoad: (after.app - before.app) / (this.site.processes * DURATION),
      databaseLoad: (after.database - before.database) / (this.site.databaseCores * DURATION),
      statementsPerSecond: (after.statements - before.statements) / (DURATION / 1e6),
    };
  }

  #startLoad(): void {
    const { load } = this.site;
    if ('rate' in load) this.#arriveAt(load.rate);
    else for (let n = 0; n < load.clients; n++) this.#queue.after(this.random() * 1000, () => this.#keepAsking());
  }

  /** Requests arrive independently of each other and of the answers. */
  #arriveAt(rate: number): void {
    this.#queue.after((-Math.log(1 - this.random()) / rate) * 1e6, () => {
      this.#request(() => {});
      this.#arriveAt(rate);
    });
  }

  #keepAsking(): void {
    this.#request(() => this.#keepAsking());
  }

  #request(done: () => void): void {
    const begin = this.#queue.now;
    const process = this.#processes[Math.floor(this.random() * this.#processes.length)]!;
    process.handle(this.random() < this.site.writes, () => {
      this.#latencies.push(this.#queue.now - begin);
      done();
    });
  }

  #usage(): Usage {
    const sum = (value: (process: AppProcess) => number) => this.#processes.reduce((all, process) => all + value(process), 0);
    return { app: sum(({ core }) => core.used), database: this.#database.used, statements: sum(({ statements }) => statements) };
  }
}

class AppProcess {
  readonly core: Cores;
  statements = 0;
  readonly #loads: (() => void)[] = [];
  readonly #updates: (() => void)[] = [];
  readonly #inFlight = new Set<(() => void)[]>();

  constructor(
    private readonly queue: EventQueue,
    private readonly database: Cores,
    private readonly site: Site,
  ) {
    this.core = new Cores(queue, 1);
  }

  /** A read has two parts: before its load, and after it. A write has a third part after its update. */
  handle(isWrite: boolean, done: () => void): void {
    const { app, database, sync } = this.site;
    const part = isWrite ? app.write / 3 : app.read / 2;
    this.core.run(part, () =>
      this.#submit(this.#loads, database.load, 0, () =>
        this.core.run(part, () => {
          if (isWrite) this.#submit(this.#updates, database.update, sync, () => this.core.run(part, done));
          else done();
        }),
      ),
    );
  }

  /** Joins the next statement of this kind. */
  #submit(batch: (() => void)[], cost: StatementCost, wait: number, done: () => void): void {
    batch.push(done);
    if (!this.#inFlight.has(batch)) this.#send(batch, cost, wait);
  }

  #send(batch: (() => void)[], cost: StatementCost, wait: number): void {
    const { app, roundTrip } = this.site;
    const items = batch.splice(0, LARGEST_BATCH);
    this.#inFlight.add(batch);
    this.statements++;
    this.core.run(app.perStatement, () =>
      this.queue.after(roundTrip / 2, () =>
        this.database.run(costOf(cost, items.length), () =>
          this.queue.after(wait + roundTrip / 2, () => {
            this.#inFlight.delete(batch);
            for (const item of items) item();
            if (batch.length > 0) this.#send(batch, cost, wait);
          }),
        ),
      ),
    );
  }
}
