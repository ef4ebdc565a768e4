import { SLOTS, slotValue } from '../app/sample-session.js';
import { inParallel } from './in-parallel.js';
import { UpdateLedger } from './ledger.js';

/** The sessions of one store that the load uses. */
export class SessionPool {
  readonly ledger = new UpdateLedger(slotValue(0));

  private constructor(
    readonly origin: string,
    /** One cookie for each session. */
    readonly cookies: readonly string[],
    private readonly isTracked: boolean,
  ) {}

  /**
   * Creates sessions as browsers do, with requests without a cookie.
   *
   * @param isTracked whether the app stores what is written
   */
  static async make(origin: string, count: number, bytes: number, isTracked: boolean): Promise<SessionPool> {
    const cookies = await inParallel(Array.from({ length: count }), () => makeSession(origin, bytes));
    return new SessionPool(origin, cookies, isTracked);
  }

  /** Whether the answers contain the stored values. */
  get checks(): boolean {
    return this.isTracked;
  }

  /** Checks each slot once more. */
  async check(): Promise<void> {
    if (!this.isTracked) return;
    await inParallel([...this.ledger.sessions()], (cookie) => this.#checkSession(cookie));
  }

  async #checkSession(cookie: string): Promise<void> {
    const response = await fetch(`${this.origin}/slots`, { headers: { cookie } });
    const shown: unknown = response.ok ? await response.json() : [];
    const values = Array.isArray(shown) ? shown : [];
    for (let slot = 0; slot < SLOTS; slot++) this.ledger.seen(cookie, slot, String(values[slot]));
  }
}

async function makeSession(origin: string, bytes: number): Promise<string> {
  const response = await fetch(`${origin}/seed?bytes=${bytes}`, { method: 'POST' });
  await response.arrayBuffer();
  const [cookie] = response.headers.getSetCookie();
  if (!response.ok || cookie === undefined) throw new Error(`A session could not be created: the app answered ${response.status}.`);
  return cookie.slice(0, cookie.indexOf(';'));
}
