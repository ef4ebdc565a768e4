import { AsyncResource } from 'node:async_hooks';
import { setImmediate as turnEnds, setTimeout as sleep } from 'node:timers/promises';
import type { RecordNews } from '../persistence/record-notifications.js';

/** The pause after each statement, in ms. So a session that is written without end costs at most 100 notifications a second. */
const PAUSE = 10;

/**
 * Collects news for the other processes. One statement is in flight at a time, because a notification takes a lock that is the whole
 * server's. News that come meanwhile are sent by the next one, and a record that was written many times is in it once.
 */
export class Outbox {
  readonly #tell: (news: RecordNews) => Promise<void>;
  #written = new Set<string>();
  #watched = new Set<string>();
  #isAsking = false;
  #running: Promise<void> | undefined;

  /** @param tell sends news. If it rejects, they are lost */
  constructor(tell: (news: RecordNews) => Promise<void>) {
    this.#tell = tell;
  }

  /** Tells that a record was written. */
  addWritten(hash: string): void {
    this.#written.add(hash);
    this.#start();
  }

  /** Tells that this process watches records. */
  addWatched(hashes: readonly string[]): void {
    for (const hash of hashes) this.#watched.add(hash);
    this.#start();
  }

  /** Asks the others which records they watch. */
  ask(): void {
    this.#isAsking = true;
    this.#start();
  }

  /** Settles when everything is sent. */
  async sent(): Promise<void> {
    await this.#running;
  }

  /** Serves all callers, so it runs in the asynchronous context of none of them. */
  readonly #start = AsyncResource.bind(() => {
    this.#running ??= this.#run();
  });

  async #run(): Promise<void> {
    // The commits of a batch end in the same turn.
    await turnEnds();
    while (this.#hasNews) {
      await this.#tell(this.#take()).catch(() => undefined);
      await sleep(PAUSE, undefined, { ref: false });
    }
    this.#running = undefined;
  }

  get #hasNews(): boolean {
    return this.#isAsking || this.#written.size > 0 || this.#watched.size > 0;
  }

  #take(): RecordNews {
    const news = { written: this.#written, watched: this.#watched, isAsking: this.#isAsking };
    [this.#written, this.#watched, this.#isAsking] = [new Set(), new Set(), false];
    return news;
  }
}
