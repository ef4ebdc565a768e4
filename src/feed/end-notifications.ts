import type { Hearing, RecordNotifications } from '../persistence/record-notifications.js';
import type { SessionLogger } from '../security/session-logger.js';
import { describeThrown } from '../shared/thrown.js';

/** Sends and hears notifications of ended sessions. They only make polls immediate, so an error costs time, and nothing else. */
export class EndNotifications {
  readonly #notifications: RecordNotifications;
  readonly #hearing: Hearing;
  readonly #logger: SessionLogger;
  readonly #missed: () => void;
  readonly #sending = new Set<Promise<void>>();
  #close: (() => Promise<void>) | undefined;
  #opening: Promise<void> | undefined;
  #isWanted = false;
  #hasFailed = false;

  /** @param heard `lost` is also called when a connection was opened, because texts may have been missed before */
  constructor(notifications: RecordNotifications, heard: Hearing, logger: SessionLogger) {
    this.#notifications = notifications;
    this.#logger = logger;
    this.#missed = () => heard.lost();
    this.#hearing = {
      ...heard,
      lost: () => {
        this.#close = undefined;
        heard.lost();
      },
    };
  }

  /** Listens, unless it does so already. Called again and again, because a connection may be lost. */
  keepListening(): void {
    this.#isWanted = true;
    if (!this.#close) this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
  }

  /** Listens no more. */
  async stopListening(): Promise<void> {
    this.#isWanted = false;
    await this.#opening;
    const close = this.#close;
    this.#close = undefined;
    await close?.().catch(() => undefined);
  }

  /** Tells other processes. */
  send(tell: (notifications: RecordNotifications) => Promise<void>): void {
    const sent = tell(this.#notifications)
      .catch(() => undefined)
      .finally(() => this.#sending.delete(sent));
    this.#sending.add(sent);
  }

  /** Waits until what was to be sent is sent. */
  async sent(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async #open(): Promise<void> {
    try {
      this.#close = await this.#notifications.listen(this.#hearing);
      this.#hasFailed = false;
      this.#missed();
    } catch (error) {
      if (!this.#hasFailed) this.#logger.warn(`Notifications of ended sessions are not heard: ${describeThrown(error)}`);
      this.#hasFailed = true;
    }
  }
}
