import { USUAL_BYTES, type Scenario } from '../plan/scenario.js';
import type { StoreDefinition } from '../stores/store-definition.js';
import { OTHER } from '../plan/against.js';
import type { Place } from '../plan/places.js';
import { AppProcess } from './app-process.js';
import { runLoad } from './run-load.js';
import { SessionPool } from './session-pool.js';

/** The number of sessions in the first load, which is not measured. */
const FIRST_SESSIONS = 50;

/** A store's app, with its sessions. */
export class StoreUnderTest {
  readonly #pools = new Map<string, SessionPool>();

  private constructor(
    readonly definition: StoreDefinition,
    readonly app: AppProcess,
  ) {}

  /**
   * Starts the app and runs it for a while. It is slower until it is compiled, and some stores create their table with their
   * first query.
   *
   * @param seconds for how long
   */
  static async start(definition: StoreDefinition, { addresses, execPath }: Place, seconds: number): Promise<StoreUnderTest> {
    const started = new StoreUnderTest(
      definition,
      await AppProcess.start({ storeId: definition.id.replace(OTHER, ''), addresses }, definition.checkout, execPath),
    );
    const pool = await SessionPool.make(started.app.origin, FIRST_SESSIONS, USUAL_BYTES, false);
    await runLoad(pool, { operation: 'mixed', connections: 16, sessions: FIRST_SESSIONS }, seconds);
    return started;
  }

  /** Returns the sessions for a scenario, and creates them at the first call. */
  async pool({ sessions, bytes, rows = 0 }: Scenario): Promise<SessionPool> {
    const key = `${sessions} of ${bytes} among ${rows}`;
    const pool = this.#pools.get(key) ?? (await SessionPool.make(this.app.origin, sessions, bytes, this.definition.kind !== 'reference'));
    this.#pools.set(key, pool);
    return pool;
  }

  stop(): Promise<void> {
    return this.app.stop();
  }
}
