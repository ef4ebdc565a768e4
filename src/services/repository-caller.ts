import { Injectable } from '@nestjs/common';
import { SessionRepository } from '../persistence/session.repository.js';
import { SessionUnavailableError, databaseError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../smart-session.options.js';
import { Backoff } from './backoff.js';
import { withDeadline, type Deadline } from './deadline.js';

/** Statements that can be sent again without harm are, this often. */
const ATTEMPTS = 3;

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
  ask<Result>(operation: string, ask: (repository: SessionRepository) => Promise<Result>, ms = this.options.timeout): Promise<Result> {
    return withDeadline(operation, ms, (deadline) => this.askUntil(deadline, operation, ask));
  }

  /**
   * Asks until the deadline.
   *
   * @throws SessionUnavailableError
   */
  async askUntil<Result>(deadline: Deadline, operation: string, ask: (repository: SessionRepository) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await ask(this.repository);
      } catch (error) {
        const isLast = attempt === ATTEMPTS || this.repository.classify(error) === 'failed';
        if (isLast) throw new SessionUnavailableError(operation, databaseError(error), error);
      }
      await this.backoff.wait(attempt);
      deadline.throwIfPassed();
    }
  }
}
