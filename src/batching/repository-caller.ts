import { Injectable } from '@nestjs/common';
import { SessionRepository } from '../persistence/session.repository.js';
import { SessionUnavailableError, databaseError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { Backoff } from './backoff.js';
import { withDeadline, type Deadline } from './deadline.js';

/** Statements that can be sent again without harm are, this often. */
const ATTEMPTS = 3;

/**
 * Asks the repository for something.
 *
 * @param isInDoubt whether the connection was lost in an earlier attempt, which may have taken effect: then the answer
 * to this one may differ
 */
export type Ask<Result> = (repository: SessionRepository, isInDoubt: boolean) => Promise<Result>;

/** Asks the repository for what can be asked again without harm, within bounds. */
@Injectable()
export class RepositoryCaller {
  constructor(
    private readonly repository: SessionRepository,
    private readonly backoff: Backoff,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * Asks within bounds of time.
   *
   * @param operation what is asked, for the error
   * @param ms how long it may take, in ms
   * @throws SessionUnavailableError
   */
  ask<Result>(operation: string, ask: Ask<Result>, ms = this.options.timeout): Promise<Result> {
    return withDeadline(operation, ms, (deadline) => this.askUntil(deadline, operation, ask));
  }

  /**
   * Asks until the deadline.
   *
   * @throws SessionUnavailableError
   */
  async askUntil<Result>(deadline: Deadline, operation: string, ask: Ask<Result>): Promise<Result> {
    let isInDoubt = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask(this.repository, isInDoubt);
      } catch (error) {
        const kind = this.repository.classify(error);
        if (attempt === ATTEMPTS || kind === 'failed') throw new SessionUnavailableError(operation, databaseError(error), error);
        isInDoubt ||= kind === 'unknown';
      }
      await this.backoff.wait(attempt);
      deadline.throwIfPassed();
    }
  }
}
