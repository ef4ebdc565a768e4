import type { Abstract, Type } from '@nestjs/common';
import { hasMethods, isFunction, isName } from './option-checks.js';

/** An object that publishes events: `EventEmitter2` of @nestjs/event-emitter, Node's `EventEmitter`, or another object with such an `emit`. */
export interface SessionEventEmitter {
  /** Publishes an event under its name. The library does not wait for a promise that it returns. */
  emit(name: string, event: object): unknown;
}

/** The option `events`: an emitter, or the token under which one of the app's modules provides it. */
export type EventsOption = SessionEventEmitter | Type<SessionEventEmitter> | Abstract<SessionEventEmitter> | string | symbol;

/** Whether a value can publish events. */
export function isEmitter(given: unknown): given is SessionEventEmitter {
  return hasMethods('emit')(given);
}

/** Whether a value is an injection token. */
export function isToken(given: unknown): given is Exclude<EventsOption, SessionEventEmitter> {
  return isFunction(given) || typeof given === 'symbol' || isName(given);
}
