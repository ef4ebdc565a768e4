import { HttpException } from '@nestjs/common';
import { type Observable, catchError } from 'rxjs';
import { SessionError } from '../smart-session.errors.js';

/**
 * Replaces the message of each session error by its general text, because GraphQL sends the message of an error to the client.
 *
 * @param tell receives each such error as it was thrown
 */
export function withGeneralErrors(handled: Observable<unknown>, tell: (error: Error) => void): Observable<unknown> {
  return handled.pipe(
    catchError((thrown: unknown) => {
      if (!(thrown instanceof SessionError && thrown instanceof HttpException)) throw thrown;
      tell(thrown);
      throw withGeneralText(thrown);
    }),
  );
}

/** Returns an error of the same class. GraphQL servers pass `extensions` on. */
function withGeneralText(error: HttpException): HttpException {
  const message = String(error.getResponse());
  return Object.create(error, {
    message: { value: message },
    stack: { value: `${error.name}: ${message}` },
    cause: { value: error },
    extensions: { value: { status: error.getStatus() } },
  }) as HttpException;
}
