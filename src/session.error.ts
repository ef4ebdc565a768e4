import { HttpException, HttpStatus } from '@nestjs/common';
import { visible } from './shared/visible.js';

/** Marks the errors of this package, also those of its other build (CommonJS or ES modules). */
const IS_SESSION_ERROR: unique symbol = Symbol.for('nestjs-smart-session SessionError') as never;

/**
 * Every error of this package: `error instanceof SessionError` and `@Catch(SessionError)` find them all.
 *
 * The errors of a request are Nest's `HttpException` too. A class has only one parent, so `instanceof` goes by a mark here.
 */
export abstract class SessionError extends Error {
  /** @internal */
  get [IS_SESSION_ERROR](): true {
    return true;
  }

  /** @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== SessionError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && IS_SESSION_ERROR in value;
  }

  protected constructor(message: string, cause?: unknown) {
    super(visible(message), cause === undefined ? undefined : { cause });
    this.name = new.target.name;
  }
}

/** How Nest answers an error. */
export interface Answer {
  readonly status: HttpStatus;
  /** A general text for the client. */
  readonly text: string;
}

export const UNAVAILABLE: Answer = { status: HttpStatus.SERVICE_UNAVAILABLE, text: 'Session unavailable' };
export const FAULT: Answer = { status: HttpStatus.INTERNAL_SERVER_ERROR, text: 'Internal server error' };
export const ENDED: Answer = { status: HttpStatus.CONFLICT, text: 'Session ended' };
export const FULL: Answer = { status: HttpStatus.CONFLICT, text: 'Too many sessions' };
export const AMBIGUOUS: Answer = { status: HttpStatus.BAD_REQUEST, text: 'Session given twice' };
export const INVALID_LABEL: Answer = { status: HttpStatus.BAD_REQUEST, text: 'Invalid device label' };
export const LOCKED: Answer = { status: HttpStatus.LOCKED, text: 'Session locked' };

/**
 * An error of a request. Nest answers it by its status and a general text. The `message` has the detail for the log: keys, sizes
 * and the errors of the database are not for the client.
 */
export abstract class SessionHttpError extends HttpException implements SessionError {
  /** @internal */
  get [IS_SESSION_ERROR](): true {
    return true;
  }

  protected constructor({ status, text }: Answer, message: string, cause?: unknown) {
    super(text, status, { cause });
    this.message = visible(message);
    this.name = new.target.name;
  }
}
