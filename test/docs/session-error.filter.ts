/* oxlint-disable promise/valid-params, promise/no-promise-in-callback -- a filter's `catch` is no promise's */
import { Catch, Logger, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { SessionError } from 'nestjs-smart-session';

@Catch(SessionError)
export class SessionErrorFilter extends BaseExceptionFilter {
  readonly #logger = new Logger('Sessions');

  override catch(error: Error, host: ArgumentsHost): void {
    this.#logger.error(error.message, error.stack);
    super.catch(error, host);
  }
}
