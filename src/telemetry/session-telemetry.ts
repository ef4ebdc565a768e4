import type { Attributes, Context, Histogram, Span } from '@opentelemetry/api';
import type { BatchKind, DestroyReason, LifecycleObserver, OperationObserver } from '../observers/session-observers.js';
import { asError } from '../shared/thrown.js';
import { createInstruments } from './instruments.js';

type Api = typeof import('@opentelemetry/api');

const SCOPE = 'nestjs-smart-session';

/** Reports metrics and traces through @opentelemetry/api. Their names and meanings are in docs/observability.md. */
export class SessionTelemetry implements LifecycleObserver, OperationObserver {
  readonly #api: Api;
  readonly #tracer;
  readonly #instruments;

  constructor(api: Api) {
    this.#api = api;
    this.#tracer = api.trace.getTracer(SCOPE);
    this.#instruments = createInstruments(api.metrics.getMeter(SCOPE));
  }

  load<Found>(load: () => Promise<Found | undefined>): Promise<Found | undefined> {
    return this.#measure('load', this.#instruments.loadDuration, load, (found) => (found === undefined ? 'absent' : 'found'));
  }

  commit<Outcome extends { readonly kind: string }>(commit: () => Promise<Outcome>): Promise<Outcome> {
    return this.#measure('commit', this.#instruments.commitDuration, commit, ({ kind }) => kind);
  }

  current(): Context {
    return this.#api.context.active();
  }

  /** Runs the batch in the trace of its first request. The spans of the other requests link to that trace. */
  batch<Result>(kind: BatchKind, members: readonly unknown[], send: () => Promise<Result>): Promise<Result> {
    const attributes = { 'smart_session.operation': kind };
    const [first, ...others] = members as Context[];
    this.#instruments.batchSize.record(members.length, attributes);
    if (others.length > 0) this.#instruments.batched.add(others.length, attributes);
    // A touch has no span of this library.
    if (kind !== 'touch') for (const other of others) this.#link(other, first!);
    return this.#api.context.with(first!, send);
  }

  conflicted(): void {
    this.#instruments.conflicts.add(1);
    this.#api.trace.getActiveSpan()?.addEvent('conflict');
  }

  retried(): void {
    this.#instruments.retries.add(1);
  }

  created(): void {
    this.#instruments.created.add(1);
  }

  merged(): void {
    this.#instruments.merges.add(1);
  }

  destroyed(_session: unknown, reason: DestroyReason): void {
    this.#instruments.destroyed.add(1, { 'smart_session.reason': reason });
  }

  expired(): void {
    this.#instruments.expired.add(1);
  }

  /** Runs work in its own span and measures it. */
  #measure<Result>(
    operation: string,
    duration: Histogram,
    work: () => Promise<Result>,
    outcomeOf: (result: Result) => string,
  ): Promise<Result> {
    const begun = performance.now();
    return this.#tracer.startActiveSpan(`smart_session.${operation}`, async (span) => {
      const end = (attributes: Attributes) => {
        duration.record((performance.now() - begun) / 1000, attributes);
        span.setAttributes(attributes).end();
      };
      try {
        const result = await work();
        end({ 'smart_session.outcome': outcomeOf(result) });
        return result;
      } catch (error) {
        // Without the message: an error of the app may contain a value.
        span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
        end({ 'smart_session.outcome': 'failed', 'error.type': asError(error).name });
        throw error;
      }
    });
  }

  #link(member: Context, first: Context): void {
    const { trace } = this.#api;
    const span: Span | undefined = trace.getSpan(member);
    const context = trace.getSpanContext(first);
    if (context) span?.addLink({ context }).setAttribute('smart_session.batched', true);
  }
}
