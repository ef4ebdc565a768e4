import type { Client, Request } from 'autocannon';
import { slotValue } from '../app/sample-session.js';
import type { ClientPlan } from './client-plan.js';
import type { UpdateLedger } from './ledger.js';

/** The kind of load: read, write, or one write in ten. */
export type Operation = 'read' | 'write' | 'mixed';

const WRITES: Readonly<Record<Operation, number>> = { read: 0, write: 1, mixed: 0.1 };

/** A request without an answer. */
interface Pending {
  readonly session: string;
  /** Undefined for a read. */
  readonly value: string | undefined;
}

/** A value is never used twice, not even in different runs. */
let lastValue = 0;

/** The requests of one connection, one after the other. They use its own slot in random sessions. */
export class SlotClient {
  /** The number of answers other than 2xx. */
  refused = 0;
  sent = 0;
  #pending: Pending | undefined;

  /** @param ledger undefined if the answers contain no values */
  constructor(
    private readonly plan: ClientPlan,
    private readonly operation: Operation,
    private readonly ledger: UpdateLedger | undefined,
  ) {}

  /** Makes this object the source of a connection's requests. */
  drive(client: Client): void {
    client.setRequests([
      {
        setupRequest: (request: Request) => this.#next(request),
        onResponse: (status: number, body: string) => this.#answered(status, body),
      },
    ]);
  }

  /** Whether a request has no answer yet. */
  get isWaiting(): boolean {
    return this.#pending !== undefined;
  }

  /** Ends the run. The outcome of running requests is unknown. */
  end(): void {
    this.#giveUp();
  }

  #next(request: Request): Request {
    this.#giveUp();
    this.sent++;
    const { slot, sessions } = this.plan;
    const session = sessions[Math.floor(Math.random() * sessions.length)]!;
    const isWrite = Math.random() < WRITES[this.operation];
    const value = isWrite ? slotValue(++lastValue) : undefined;
    this.#pending = { session, value };
    const path = isWrite ? `/write?slot=${slot}&value=${value}` : `/read?slot=${slot}`;
    return { ...request, method: isWrite ? 'POST' : 'GET', path, headers: { ...request.headers, Cookie: session } };
  }

  #answered(status: number, body: string): void {
    const pending = this.#pending;
    if (status < 200 || status > 299) {
      this.refused++;
      return this.#giveUp();
    }
    this.#pending = undefined;
    if (!pending) return;
    const { session, value } = pending;
    if (value === undefined) this.ledger?.seen(session, this.plan.slot, body);
    else this.ledger?.written(session, this.plan.slot, value, body);
  }

  #giveUp(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending?.value !== undefined) this.ledger?.unknown(pending.session, this.plan.slot, pending.value);
  }
}
