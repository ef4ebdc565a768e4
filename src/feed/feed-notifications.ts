import { AsyncResource } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { notifiedHash, type Hearing, type RecordNotifications } from '../persistence/record-notifications.js';
import type { SessionLogger } from '../security/session-logger.js';
import { describeThrown } from '../shared/thrown.js';
import { Announcements } from './announcements.js';
import { Outbox } from './outbox.js';
import { WatchedElsewhere } from './watched-elsewhere.js';

/** How often the connection is checked and watched records are announced, in ms. */
const UPKEEP = 1000;

/** How long a shutdown waits for notifications, in ms. */
const LONGEST_STOP = 2000;

/** The parts of the feed that notifications need. */
export interface FeedHearing extends Pick<Hearing, 'ended' | 'written' | 'cleared' | 'lost'> {
  /** The hashes of the records whose changes this process watches. */
  watched(): Iterable<string>;
}

/**
 * Sends and hears notifications of ended and changed sessions. They only make polls immediate, so an error costs time, and nothing else.
 *
 * A process announces the records that it watches, and renews that each minute. So a commit knows without a statement whether another
 * process watches its session, and the commits of all other sessions send nothing.
 */
export class FeedNotifications {
  readonly #notifications: RecordNotifications;
  readonly #feed: FeedHearing;
  readonly #logger: SessionLogger;
  readonly #elsewhere = new WatchedElsewhere();
  readonly #announcements = new Announcements();
  readonly #outbox: Outbox;
  readonly #sending = new Set<Promise<void>>();
  #close: (() => Promise<void>) | undefined;
  #opening: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasFailed = false;

  /** @param feed its `lost` is also called when a connection was opened, because texts may have been missed before */
  constructor(notifications: RecordNotifications, feed: FeedHearing, logger: SessionLogger) {
    this.#notifications = notifications;
    this.#feed = feed;
    this.#logger = logger;
    this.#outbox = new Outbox((news) => notifications.tell(news));
  }

  /** Listens until `stop`, unless it does so already. A lost connection is opened again. */
  start(): void {
    if (this.#timer) return;
    this.#timer = setInterval(this.#keepUp, UPKEEP).unref();
    this.#keepUp();
  }

  /** Listens no more. Waits until what was to be sent is sent, but not for a database that does not answer. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    const closed = Promise.resolve(this.#opening).then(() => this.#closeConnection());
    await Promise.race([Promise.all([this.#outbox.sent(), ...this.#sending, closed]), sleep(LONGEST_STOP, undefined, { ref: false })]);
  }

  /** Records have ended. */
  ended(storageKeys: readonly string[]): void {
    this.#send(this.#notifications.ended(storageKeys));
  }

  /** Every record was deleted. */
  cleared(): void {
    this.#send(this.#notifications.cleared());
  }

  /** A record was written. Tells it if another process watches the record. */
  written(storageKey: string): void {
    if (this.#elsewhere.size === 0) return;
    const hash = notifiedHash(storageKey);
    if (this.#elsewhere.has(hash)) this.#outbox.addWritten(hash);
  }

  /** This process watches the changes of a record from now on. */
  watched(storageKey: string): void {
    const hash = notifiedHash(storageKey);
    if (this.#announcements.begin(hash)) this.#outbox.addWatched([hash]);
  }

  /** Serves all watches, so it runs in no caller's asynchronous context. */
  readonly #keepUp = AsyncResource.bind(() => {
    this.#keepListening();
    this.#elsewhere.forgetOld();
    const due = this.#announcements.due(this.#feed.watched());
    if (due.length > 0) this.#outbox.addWatched(due);
  });

  #keepListening(): void {
    if (!this.#close) this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
  }

  async #closeConnection(): Promise<void> {
    const close = this.#close;
    this.#close = undefined;
    await close?.().catch(() => undefined);
  }

  async #open(): Promise<void> {
    try {
      this.#close = await this.#notifications.listen(this.#hearing);
      this.#hasFailed = false;
      if (!this.#close) return;
      this.#feed.lost();
      this.#announcements.repeat();
      this.#outbox.ask();
    } catch (error) {
      if (!this.#hasFailed) this.#logger.warn(`Notifications of sessions are not heard: ${describeThrown(error)}`);
      this.#hasFailed = true;
    }
  }

  readonly #hearing: Hearing = {
    ended: (hash) => this.#feed.ended(hash),
    written: (hash) => this.#feed.written(hash),
    cleared: () => this.#feed.cleared(),
    watched: (hashes) => this.#elsewhere.note(hashes),
    // Announced by the next upkeep, so that many processes that start at once are answered together.
    asked: () => this.#announcements.repeat(),
    lost: () => {
      this.#close = undefined;
      this.#feed.lost();
    },
  };

  #send(told: Promise<void>): void {
    const sent = told.catch(() => undefined).finally(() => this.#sending.delete(sent));
    this.#sending.add(sent);
  }
}
