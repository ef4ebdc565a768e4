import { Injectable, type OnApplicationBootstrap, type BeforeApplicationShutdown } from '@nestjs/common';
import { SessionLogger } from '../security/session-logger.js';
import { LONGEST_TIMER } from '../options/longest-values.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { SessionService } from './session.service.js';

/** Deletes expired records at intervals while the app runs. */
@Injectable()
export class SessionPruner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new SessionLogger();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly sessions: SessionService,
    private readonly options: SmartSessionOptions,
  ) {}

  onApplicationBootstrap(): void {
    this.#schedule();
  }

  /** Stops, and waits for the run in progress, so that the database can be closed afterwards. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #schedule(): void {
    const { pruneInterval } = this.options;
    if (pruneInterval === false || this.#isStopped) return;
    // Between half and one and a half of the interval, so that several processes do not run together.
    this.#timer = setTimeout(() => this.#run(), Math.min(pruneInterval * (0.5 + Math.random()), LONGEST_TIMER));
    this.#timer.unref();
  }

  #run(): void {
    this.#running = this.sessions
      .prune()
      .then((pruned) => pruned > 0 && this.#logger.debug(`Pruned ${pruned} expired sessions.`))
      .catch((error: unknown) => this.#logger.warn(`Expired sessions were not pruned: ${String(error)}`))
      .finally(() => this.#schedule());
  }
}
