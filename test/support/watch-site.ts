import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolvedFeed } from '../../src/index.js';
import { ForkedProcess } from './forked-process.js';
import type { NotedChange, NotedEnd, WatchAnswer, WatchCall, WatchWorkerSettings } from './watch-worker.js';

/** In ms. A watch that has not ended by then is a failure. */
const LONGEST = 30_000;

/** Processes that watch sessions. The first one stores and destroys them. */
export class WatchSite {
  readonly processes: readonly WatchProcess[];

  private constructor(processes: readonly WatchProcess[]) {
    this.processes = processes;
  }

  /** Starts processes on one table. */
  static async start(
    count: number,
    { dialect, connection }: Pick<WatchWorkerSettings, 'dialect' | 'connection'>,
    tableName: string,
    feed: Partial<ResolvedFeed>,
  ): Promise<WatchSite> {
    const settings = { dialect, connection, options: { tableName, feed, createTable: true, pruneInterval: false } } as const;
    const processes = Array.from({ length: count }, () => new WatchProcess(settings));
    for (const one of processes) await one.answer();
    return new WatchSite(processes);
  }

  /**
   * Stores sessions and watches them in all processes.
   *
   * @param times how often each process watches each session
   * @param isTold whether changes are told too
   */
  async watch(ids: readonly string[], times = 1, isTold = false): Promise<void> {
    await this.processes[0]!.ask({ do: 'store', ids });
    const answers = await Promise.all(this.processes.map((one) => one.ask({ do: 'watch', ids, times, isTold })));
    for (const { live } of answers) if (live !== ids.length * times) throw new Error(`Only ${live} watches are live.`);
  }

  /** Destroys a session in the first process. Returns when that began, in ms. */
  async destroy(id: string): Promise<number> {
    return (await this.processes[0]!.ask({ do: 'destroy', id })).at!;
  }

  /** Waits until `count` watches have ended, and returns them all. */
  async ends(count: number, of = this.processes): Promise<readonly NotedEnd[]> {
    const deadline = performance.now() + LONGEST;
    for (;;) {
      const ends = (await Promise.all(of.map((one) => one.ask({ do: 'ends' })))).flatMap((answer) => answer.ends!);
      if (ends.length >= count) return ends;
      if (performance.now() > deadline) throw new Error(`Only ${ends.length} of ${count} watches have ended.`);
      await sleep(20);
    }
  }

  /** Changes a session in the first process. Returns when that began, in ms. */
  async change(id: string): Promise<number> {
    return (await this.processes[0]!.ask({ do: 'change', id })).at!;
  }

  /** Waits until the last process was told of `count` changes, and returns them all. */
  async changes(count: number): Promise<readonly NotedChange[]> {
    const deadline = performance.now() + LONGEST;
    for (;;) {
      const changes = (await this.processes.at(-1)!.ask({ do: 'changes' })).changes!;
      if (changes.length >= count) return changes;
      if (performance.now() > deadline) throw new Error(`Only ${changes.length} of ${count} changes were told.`);
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.stop()));
  }
}

/** A process of the site. */
export class WatchProcess extends ForkedProcess<WatchCall, WatchAnswer> {
  constructor(settings: WatchWorkerSettings) {
    super('build/test/support/watch-worker.js', [JSON.stringify(settings)]);
  }
}

/**
 * The times from each destruction or change to its last callback, in ms.
 *
 * @param begun when each one began, by session id
 */
export function latencies(begun: ReadonlyMap<string, number>, told: readonly NotedChange[]): number[] {
  const last = new Map<string, number>();
  for (const { id, at } of told) last.set(id, Math.max(last.get(id) ?? 0, at));
  return Array.from(begun, ([id, at]) => last.get(id)! - at).toSorted((one, other) => one - other);
}

/** The value that this share of sorted values does not exceed. */
export function percentile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]!);
}
