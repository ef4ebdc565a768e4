/* oxlint-disable promise/valid-params, promise/no-promise-in-callback -- a filter's `catch` is no promise's */
import { Catch, Injectable, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { SessionError } from '../../src/index.js';

/** The parts of a driver's error that identify it. */
interface Cause {
  readonly severity?: string;
  readonly code?: string;
  readonly errno?: number;
  readonly message?: string;
}

/** Counts the errors of the driver that were the causes of failed requests. */
@Injectable()
@Catch(SessionError)
export class CauseFilter extends BaseExceptionFilter {
  readonly counts: Record<string, number> = {};

  override catch(error: Error, host: ArgumentsHost): void {
    const { severity, code, errno, message } = (error.cause ?? error) as Cause;
    const cause = [severity, code ?? message, errno].filter(Boolean).join(' ');
    this.counts[cause] = (this.counts[cause] ?? 0) + 1;
    super.catch(error, host);
  }
}
