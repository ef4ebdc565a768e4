import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Merge } from '../observers/merge-trace.js';
import type { DestroyReason, LifecycleObserver, ObservedSession } from '../observers/session-observers.js';
import { SessionLogger } from '../security/session-logger.js';
import { asError, describeThrown } from '../shared/thrown.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { isEmitter, isToken, type SessionEventEmitter } from '../options/events-option.js';
import { SessionCreatedEvent, SessionDestroyedEvent, SessionExpiredEvent, SessionMergedEvent } from './session-events.js';

/** Publishes what happens to sessions on the emitter of the option `events`. */
@Injectable()
export class EventPublisher implements LifecycleObserver {
  readonly #logger = new SessionLogger();
  #emitter: SessionEventEmitter | undefined;

  constructor(
    private readonly options: SmartSessionOptions,
    private readonly modules: ModuleRef,
  ) {}

  /** Whether events are wanted. */
  get isOn(): boolean {
    return this.options.events !== undefined;
  }

  /**
   * Finds the emitter. Other modules may provide it, so call this after all modules are there.
   *
   * @throws SmartSessionConfigError if there is none
   */
  connect(): SessionEventEmitter {
    return (this.#emitter ??= this.#find());
  }

  created(session: ObservedSession): void {
    this.#publish(SessionCreatedEvent.event, () => new SessionCreatedEvent(session));
  }

  merged(session: ObservedSession, merge: Merge): void {
    this.#publish(SessionMergedEvent.event, () => new SessionMergedEvent(session, merge));
  }

  destroyed(session: ObservedSession, reason: DestroyReason): void {
    this.#publish(SessionDestroyedEvent.event, () => new SessionDestroyedEvent(session, reason));
  }

  expired(session: ObservedSession): void {
    this.#publish(SessionExpiredEvent.event, () => new SessionExpiredEvent(session));
  }

  /** Publishes an event. An error of a listener does not affect the request. */
  #publish(name: string, make: () => object): void {
    const fail = (error: unknown) => this.#logger.error(`A listener of ${name} failed: ${describeThrown(error)}`, asError(error).stack);
    try {
      const emitted = this.connect().emit(name, make());
      if (emitted instanceof Promise) emitted.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  #find(): SessionEventEmitter {
    const { events } = this.options;
    const found = isToken(events) ? this.#provided(events) : events;
    if (isEmitter(found)) return found;
    throw new SmartSessionConfigError('events', `${nameOf(events)} provides no object with an \`emit\` method`, ADVICE);
  }

  #provided(token: Parameters<ModuleRef['get']>[0]): unknown {
    try {
      return this.modules.get<unknown>(token, { strict: false });
    } catch (error) {
      throw new SmartSessionConfigError('events', `no module provides ${nameOf(token)}`, ADVICE, error);
    }
  }
}

const ADVICE =
  'With @nestjs/event-emitter, give `EventEmitter2` and import `EventEmitterModule.forRoot()`; or give an object with `emit(name, event)`.';

function nameOf(token: unknown): string {
  return typeof token === 'function' ? token.name : String(token);
}
