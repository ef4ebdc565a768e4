import type { Scenario } from '../plan/scenario.js';
import type { Addresses } from '../servers/addresses.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import { AppProcess } from './app-process.js';
import { SessionPool } from './session-pool.js';

/** A store's app, with the sessions that have been made in it. */
export class StoreUnderTest {
  readonly #pools = new Map<string, SessionPool>();

  private constructor(
    readonly definition: StoreDefinition,
    readonly app: AppProcess,
  ) {}

  static async start(definition: StoreDefinition, addresses: Addresses): Promise<StoreUnderTest> {
    return new StoreUnderTest(definition, await AppProcess.start({ storeId: definition.id, addresses }));
  }

  /** The sessions for a scenario, made when they are first needed. */
  async pool({ sessions, bytes }: Scenario): Promise<SessionPool> {
    const key = `${sessions} of ${bytes}`;
    const pool = this.#pools.get(key) ?? (await SessionPool.make(this.app.origin, sessions, bytes, this.definition.kind !== 'reference'));
    this.#pools.set(key, pool);
    return pool;
  }

  stop(): Promise<void> {
    return this.app.stop();
  }
}
