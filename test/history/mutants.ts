import { setTimeout as sleep } from 'node:timers/promises';
import type { OnModuleDestroy } from '@nestjs/common';
import {
  DatabaseContext,
  SqlSessionRepository,
  type DialectName,
  type Locking,
  type KnownRecord,
  type RecordChange,
  type RecordUpdate,
  type StoredRecord,
} from '../../src/index.js';
import type { CheckerName } from '../../packages/session-race/src/checkers/index.js';
import { PAIRS } from '../../packages/session-race/src/checkers/fractured-deltas.js';

/** A statement for many, done one by one. */
abstract class OneByOneRepository extends SqlSessionRepository {
  override async updateMany(updates: readonly RecordUpdate[]): Promise<ReadonlySet<string>> {
    const written = await Promise.all(
      updates.map(async ({ storageKey, known, change }) => ((await this.update(storageKey, known, change)) ? storageKey : '')),
    );
    return new Set(written.filter(Boolean));
  }
}

/** An update that does not look at the version. */
class OverwritingRepository extends OneByOneRepository {
  override async update(key: string, _known: KnownRecord, change: RecordChange): Promise<boolean> {
    const current = await this.load(key);
    return current !== undefined && super.update(key, current, change);
  }
}

/** An update that inserts where there is no row, as an upsert does. */
class UpsertingRepository extends OneByOneRepository {
  override async update(key: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    if (await super.update(key, known, change)) return true;
    return (await this.load(key)) === undefined && this.insert(key, change);
  }
}

/** An update that is told done before it is. */
class HastyRepository extends OneByOneRepository implements OnModuleDestroy {
  readonly #late = new Set<Promise<unknown>>();

  override async update(key: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    const late = sleep(5)
      .then(() => super.update(key, known, change))
      .catch(() => {});
    this.#late.add(late);
    void late.then(() => this.#late.delete(late));
    return true;
  }
  /** The database stays open for so long. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.#late);
  }
}

/** A load that shows for a while what it has shown before. */
class CachingRepository extends SqlSessionRepository {
  readonly #cache = new Map<string, { readonly record: StoredRecord | undefined; readonly until: number }>();

  override async load(key: string): Promise<StoredRecord | undefined> {
    const cached = this.#cache.get(key);
    // Not each time: who looks again after a conflict must come to an end.
    if (cached && cached.until > performance.now() && Math.random() < 0.5) return cached.record;
    const record = await super.load(key);
    if (!cached || cached.until < performance.now()) this.#cache.set(key, { record, until: performance.now() + 50 });
    return record;
  }
  override async loadMany(keys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>> {
    const records = await Promise.all(keys.map(async (key) => [key, await this.load(key)] as const));
    return new Map(records.filter((entry): entry is [string, StoredRecord] => entry[1] !== undefined));
  }
}

/** A statement for many that gives the rows in another order. */
class ConfusingRepository extends SqlSessionRepository {
  override async loadMany(keys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>> {
    const found = [...(await super.loadMany(keys))];
    return new Map(found.map(([key], n) => [key, found[(n + 1) % found.length]![1]]));
  }
}

/** An update that writes one key after the other. */
class TearingRepository extends OneByOneRepository {
  override async update(key: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    const { [PAIRS[1]]: _, ...rest } = JSON.parse(change.data) as Record<string, unknown>;
    return (
      (await super.update(key, known, { ...change, data: JSON.stringify(rest) })) &&
      super.update(key, { version: known.version + 1, commitId: change.commitId }, change)
    );
  }
}

/** A load that saves again what has not changed. */
class ResavingRepository extends SqlSessionRepository {
  override async load(key: string): Promise<StoredRecord | undefined> {
    const record = await super.load(key);
    if (record)
      await super.update(key, record, {
        ...record,
        leaseId: undefined,
        commitId: 'resaved',
        userId: null,
        lifetime: { ms: record.remaining, slack: 0, explicit: false },
      });
    return record;
  }
}

/** An update that is sent again, whatever stands there by then. */
class RepeatingRepository extends OneByOneRepository {
  override async update(key: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    const isWritten = await super.update(key, known, change);
    if (isWritten) {
      await sleep(2);
      const current = await this.load(key);
      if (current) await super.update(key, current, change);
    }
    return isWritten;
  }
}

/** A transaction beside the first load, which stays open longer than anybody waits for it. */
class LeakingRepository extends SqlSessionRepository {
  #hasLeaked = false;

  constructor(private readonly context: DatabaseContext) {
    super(context);
  }
  override async load(key: string): Promise<StoredRecord | undefined> {
    // On some databases the app's end comes first.
    if (!this.#hasLeaked) void this.#leak().catch(() => {});
    this.#hasLeaked = true;
    return super.load(key);
  }

  async #leak(): Promise<void> {
    const { runner, dialect, tableName } = this.context;
    await runner.onOneConnection(async (run) => {
      await run(dialect.begin);
      await run(`select count(*) from ${dialect.quote(tableName)}`);
      await sleep(4000);
      await run('rollback');
    });
  }
}

/** Our own code, broken on purpose. */
export interface Mutant {
  readonly repository: typeof SqlSessionRepository;
  readonly locking: Locking;
  /** The checker that must see it. */
  readonly seenBy: CheckerName;
  /** Databases that cannot be broken like this. */
  readonly notOn?: readonly DialectName[];
}

const locking = 'optimistic';

/** For each checker at least one mutant. */
export const MUTANTS = {
  'no version check': { locking, repository: OverwritingRepository, seenBy: 'lost updates' },
  'upsert instead of update': { locking, repository: UpsertingRepository, seenBy: 'resurrections' },
  'answer before commit': { locking, repository: HastyRepository, seenBy: 'stale reads' },
  'loads from a cache': { locking, repository: CachingRepository, seenBy: 'reads going back' },
  "another session's row": { locking, repository: ConfusingRepository, seenBy: 'foreign data' },
  'one key at a time': { locking, repository: TearingRepository, seenBy: 'fractured deltas' },
  'saving what has not changed': { locking, repository: ResavingRepository, seenBy: 'phantoms' },
  'blind retry': { locking, repository: RepeatingRepository, seenBy: 'repeated effects' },
  // SQLite's one connection would wait for its own transaction.
  'a transaction that stays': { locking, repository: LeakingRepository, seenBy: 'unbounded outcomes', notOn: ['sqlite'] },
} as const satisfies Record<string, Mutant>;

export type MutantName = keyof typeof MUTANTS;
