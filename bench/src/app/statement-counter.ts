import type { RedisClientType } from 'redis';

/** Counts the statements that the app sends to its database between start and stop. It costs nothing outside that time. */
export interface StatementCounter {
  start(): Promise<void> | void;
  stop(): Promise<number> | number;
}

type Methods = Record<string, (...given: unknown[]) => unknown>;

/** Counts the calls of a driver's methods. */
export class CallCounter implements StatementCounter {
  #calls = 0;
  #undo: (() => void)[] = [];

  /** @param targets the prototypes, each with the names of its methods */
  constructor(private readonly targets: readonly (readonly [prototype: object, ...methods: string[]])[]) {}

  start(): void {
    this.#calls = 0;
    for (const [prototype, ...methods] of this.targets) {
      for (const method of methods) this.#patch(prototype as Methods, method);
    }
  }

  stop(): number {
    for (const undo of this.#undo) undo();
    this.#undo = [];
    return this.#calls;
  }

  #patch(prototype: Methods, method: string): void {
    const original = prototype[method];
    if (!original) throw new Error(`The driver has no method ${method} to count.`);
    const count = () => this.#calls++;
    prototype[method] = function counted(this: unknown, ...given: unknown[]) {
      count();
      return original.apply(this, given);
    };
    this.#undo.push(() => {
      prototype[method] = original;
    });
  }
}

/** Counts the commands of the benchmark's own Redis server. */
export class RedisCounter implements StatementCounter {
  #before = 0;

  constructor(private readonly client: Pick<RedisClientType, 'info'>) {}

  async start(): Promise<void> {
    this.#before = await this.#processed();
  }

  async stop(): Promise<number> {
    // An `info` is counted after its answer, so the first one is part of the difference.
    return (await this.#processed()) - this.#before - 1;
  }

  async #processed(): Promise<number> {
    const found = /^total_commands_processed:(\d+)/m.exec(await this.client.info('stats'));
    return Number(found?.[1]);
  }
}

/** The counter of a store without a database. */
export const NO_STATEMENTS: StatementCounter = { start: () => {}, stop: () => 0 };
