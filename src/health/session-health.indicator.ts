import { Injectable } from '@nestjs/common';
import { SessionLogger } from '../security/session-logger.js';
import { RetryingRepository } from '../batching/retrying-repository.js';

/** Whether sessions can be loaded, as @nestjs/terminus wants it. */
export interface SessionHealth {
  readonly status: 'up' | 'down';
  /** Why it is down, in words that tell nothing of the database. */
  readonly message?: string;
}

/** A key that no session has. */
const NO_SESSION = 'health check';

/**
 * A health indicator for @nestjs/terminus, which this package does not need: it takes any such result.
 *
 * @example
 * health.check([() => sessions.isHealthy('sessions')]);
 */
@Injectable()
export class SessionHealthIndicator {
  readonly #logger = new SessionLogger();

  /** @internal Nest calls it. */
  constructor(private readonly repository: RetryingRepository) {}

  /**
   * Loads a session that is not there, by one statement: is the database there, and the table, and may it be read?
   *
   * @param key what the result is named
   * @param options how long it may take
   * @param options.timeout how long it may take, in ms. Default: 1 second
   */
  async isHealthy<Key extends string>(
    key: Key,
    { timeout = 1000 }: { readonly timeout?: number } = {},
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
      // What the database says is for the log.
      return { status: 'down', message: cause ? 'the database reported an error' : `no answer within ${timeout} ms` };
    }
  }
}
