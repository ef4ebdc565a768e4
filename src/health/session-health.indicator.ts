import { Injectable } from '@nestjs/common';
import { SessionLogger } from '../security/session-logger.js';
import { RetryingRepository } from '../batching/retrying-repository.js';

/** Whether sessions can be loaded, in the form that @nestjs/terminus expects. */
export interface SessionHealth {
  readonly status: 'up' | 'down';
  /** Why it is down, in words that reveal nothing about the database. */
  readonly message?: string;
}

/** A key that no session has. */
const NO_SESSION = 'health check';

/**
 * A health indicator for @nestjs/terminus. This package does not depend on it: terminus accepts any such result.
 *
 * @example health.check([() => sessions.isHealthy('sessions')]);
 */
@Injectable()
export class SessionHealthIndicator {
  readonly #logger = new SessionLogger();

  /** @internal Called by Nest. */
  constructor(private readonly repository: RetryingRepository) {}

  /**
   * Loads a session that does not exist, with one statement. That checks the database, the table and the right to read it.
   *
   * @param key the name of the result
   * @param options the limit of the check
   * @param options.timeout the longest time, in ms. Default: 3 seconds. A new connection to a database that is 200 ms away takes more than one
   */
  async isHealthy<Key extends string>(
    key: Key,
    { timeout = 3000 }: { readonly timeout?: number } = {},
  ): Promise<Record<Key, SessionHealth>> {
    return { [key]: await this.#check(timeout) } as Record<Key, SessionHealth>;
  }

  async #check(timeout: number): Promise<SessionHealth> {
    try {
      await this.repository.load(NO_SESSION, { timeout });
      return { status: 'up' };
    } catch (error) {
      const { message, cause } = error as Error;
      this.#logger.warn(`Health check: ${message}`);
      // The database's own message belongs in the log.
      return { status: 'down', message: cause ? 'the database reported an error' : `no answer within ${timeout} ms` };
    }
  }
}
