import type { Abstract, Type } from '@nestjs/common';

/** What takes events: `EventEmitter2` of @nestjs/event-emitter, Node's `EventEmitter`, or whatever has an `emit` like theirs. */
export interface SessionEventEmitter {
  /** Publishes an event under its name. A promise that it returns is not waited for. */
  emit(name: string, event: object): unknown;
}

/** The option `events`: an emitter, or the token under which one of the app's modules provides it. */
export type EventsOption = SessionEventEmitter | Type<SessionEventEmitter> | Abstract<SessionEventEmitter> | string | symbol;

/** Whether it can take events. */
export function isEmitter(given: unknown): given is SessionEventEmitter {
  return typeof given === 'object' && given !== null && typeof (given as Partial<SessionEventEmitter>).emit === 'function';
}

/** Whether a provider can be asked for by it. */
export function isToken(given: unknown): given is Exclude<EventsOption, SessionEventEmitter> {
  return typeof given === 'function' || typeof given === 'symbol' || (typeof given === 'string' && given !== '');
}
