import type { KnownRecord, Lifetime, RecordChange, RecordUpdate, StoredRecord } from '../../src/index.js';
import { applyDelta, type Delta } from '../../src/merge/delta.js';
import type { EncodedValues } from '../../src/merge/encoded-values.js';
import type { CommitQueue } from '../../src/commit/commit-queue.js';
import type { LoadBatcher } from '../../src/batching/load-batcher.js';
import type { SessionRecord } from '../../src/records/session-record.js';
import type { LiveSession } from '../../src/live/live-session.js';
import type { UpdateBatcher } from '../../src/batching/update-batcher.js';
import { FLIGHT_BREACHES } from './flight-mutants.js';
import type { Mutant, Scenario } from './history.js';
import type { Row } from './simulated-database.js';
import { SimulatedRepository } from './simulated-repository.js';
import { WHOLE_BREACHES } from './whole-mutants.js';

/** A writer that does not look at the version. */
class OverwritingRepository extends SimulatedRepository {
  protected override isAsKnown(): boolean {
    return true;
  }
}

/** A touch that moves the version on. */
class VersionMovingTouchRepository extends SimulatedRepository {
  override touch(key: string, lifetime: Lifetime): Promise<void> {
    return this.writing('touch', key, () => {
      const row = this.liveRow(key);
      if (row) this.put('touch', key, { ...row, version: row.version + 1, expiresAt: this.moved(row, lifetime) });
    });
  }
}

/** An update that inserts where there is nothing, as an upsert does. */
class UpsertingRepository extends SimulatedRepository {
  override update(key: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    return this.writing('upsert', key, () => {
      const row = this.liveRow(key);
      if (row && !this.isAsKnown(row, known)) return false;
      this.put(
        'update',
        key,
        row
          ? this.updated(row, change)
          : { ...this.content(change), version: 0, leaseId: null, expiresAt: this.database.clock + change.lifetime.ms },
      );
      return true;
    });
  }
}

/** A statement for many that inserts where there is nothing. */
class UpsertingManyRepository extends SimulatedRepository {
  protected override updateFree(update: RecordUpdate): boolean {
    const { storageKey, change } = update;
    if (this.liveRow(storageKey)) return super.updateFree(update);
    this.put('update', storageKey, {
      ...this.content(change),
      version: update.known.version + 1,
      leaseId: null,
      expiresAt: this.database.clock + change.lifetime.ms,
    });
    return true;
  }
}

/** A statement for many that does not look at the versions. */
class OverwritingManyRepository extends SimulatedRepository {
  protected override updateFree(update: RecordUpdate): boolean {
    return super.updateFree({ ...update, known: this.liveRow(update.storageKey) ?? update.known });
  }
}

/** A statement for many that gives each row its neighbour's data. */
class ShiftingRepository extends SimulatedRepository {
  override updateMany(updates: readonly RecordUpdate[]): Promise<ReadonlySet<string>> {
    return super.updateMany(updates.map((update, n) => ({ ...update, change: updates[(n + 1) % updates.length]!.change })));
  }
}

/** A statement for many that is sent anew when its connection was lost, on whatever stands there then. */
class RepeatingRepository extends SimulatedRepository {
  override async updateMany(updates: readonly RecordUpdate[]): Promise<ReadonlySet<string>> {
    try {
      return await super.updateMany(updates);
    } catch {
      const again = updates.map((update) => ({ ...update, known: this.liveRow(update.storageKey) ?? update.known }));
      return super.updateMany(again);
    }
  }
}

/** A statement that looks at the version, and not at the data. */
class BlindRepository extends SimulatedRepository {
  protected override isAsSeen(): boolean {
    return true;
  }
}

/** A load that gives somebody else's row where there is none. */
class ConfusingRepository extends SimulatedRepository {
  protected override read(key: string): StoredRecord | undefined {
    const [other] = this.database.rows.keys();
    return super.read(key) ?? (other === undefined ? undefined : super.read(other));
  }
}

/** An update that writes one key after the other. */
class TearingRepository extends SimulatedRepository {
  override async update(key: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    const torn = Object.keys(JSON.parse(change.data) as object).find((name) => /^[A-C]2$/.test(name));
    if (torn === undefined) return super.update(key, known, change);
    const { [torn]: _, ...rest } = JSON.parse(change.data) as Record<string, unknown>;
    return (
      (await super.update(key, known, { ...change, data: JSON.stringify(rest) })) &&
      super.update(key, { version: known.version + 1, commitId: change.commitId }, change)
    );
  }
}

/** Nobody can tell whose commit a record shows, and a lost connection is taken for a rollback: the commit is tried again blindly. */
class ForgetfulRepository extends SimulatedRepository {
  protected override content(change: RecordChange) {
    return { ...super.content(change), commitId: null as unknown as string };
  }
  override classify(): 'rolled-back' {
    return 'rolled-back';
  }
}

/** Sessions that never expire. */
class EternalRepository extends SimulatedRepository {
  protected override liveRow(key: string): Row | undefined {
    return this.database.rows.get(key);
  }
}

/** A transaction that is not ended when there is nothing to write. */
class LeakingRepository extends SimulatedRepository {
  protected override unlock(key: string): void {
    if (this.database.audit.length === 0) super.unlock(key);
  }
}

/** A locked writer that leaves the version as it is. */
class VersionKeepingRepository extends SimulatedRepository {
  protected override updated(row: Row, change: RecordChange): Row {
    return { ...super.updated(row, change), version: row.version };
  }
}

/** A breach of our own code, the law that it breaks, and where that shows. */
export interface Breach extends Mutant {
  readonly law: string;
  readonly scenario: Scenario;
}

const OPTIMISTIC = { locking: ['optimistic'] } as const;

/** While the first is under way, the next two come, and are joined; the last is elsewhere, on the session of the third. */
export const NEIGHBOURS = { sessions: [0, 1, 2, 2], isOneProcess: true, hasOutsider: true, isLoaded: true } as const;

/** For each law at least one breach that the exploration must see. */
export const BREACHES: Readonly<Record<string, Breach>> = {
  'no version check': { law: 'NoLostKey', repository: OverwritingRepository, scenario: { operations: ['set', 'set'], ...OPTIMISTIC } },
  'a row that is not locked, and whose data is not compared': {
    law: 'NoLostKey',
    repository: BlindRepository,
    scenario: { operations: ['set', 'another program'], locking: ['pessimistic'] },
  },
  'no merge rules': {
    law: 'NoLostKey',
    breakServices: ({ merger }) =>
      Object.assign(merger, { apply: (current: EncodedValues, delta: Delta, base: EncodedValues) => applyDelta(current, delta, base) }),
    scenario: { operations: ['counter', 'counter'], ...OPTIMISTIC },
  },
  'a touch that moves the version': {
    law: 'NoPhantom',
    repository: VersionMovingTouchRepository,
    scenario: { operations: ['set', 'touch'], ...OPTIMISTIC },
  },
  'upsert instead of update': {
    law: 'NoResurrection',
    repository: UpsertingRepository,
    scenario: { operations: ['set', 'destroy'], ...OPTIMISTIC },
  },
  'upsert after expiry': {
    law: 'NoResurrection',
    repository: UpsertingRepository,
    scenario: { operations: ['set', 'expiry'], ...OPTIMISTIC },
  },
  'answer before commit': { law: 'CommitBeforeAnswer', answersEarly: true, scenario: { operations: ['set', 'touch'], ...OPTIMISTIC } },
  'a load that joins a query under way': {
    law: 'CommitBeforeAnswer',
    breakServices: ({ loads }) => Object.assign(loads, { submit: joiningTooLate(loads) }),
    scenario: { operations: ['set', 'set', 'touch'], ...OPTIMISTIC, isOneProcess: true },
  },
  'a joined commit that is dropped': {
    law: 'NoLostKey',
    breakServices: ({ commits }) => Object.assign(commits, { commit: meanwhile(commits, (_commit, underWay) => underWay) }),
    scenario: { operations: ['set', 'counter'], ...OPTIMISTIC, isOneProcess: true },
  },
  'a joined commit that is answered with the one before': {
    law: 'CommitBeforeAnswer',
    breakServices: ({ commits }) => Object.assign(commits, { commit: meanwhile(commits, (commit, underWay) => (void commit(), underWay)) }),
    scenario: { operations: ['set', 'counter'], ...OPTIMISTIC, isOneProcess: true },
  },
  'a joined commit that is applied twice': {
    law: 'AtMostOnce',
    breakServices: ({ commits }) => Object.assign(commits, { commit: meanwhile(commits, (commit) => commit().then(commit)) }),
    scenario: { operations: ['counter', 'counter'], ...OPTIMISTIC, isOneProcess: true },
  },
  'joined updates without their version checks': {
    law: 'NoLostKey',
    repository: OverwritingManyRepository,
    scenario: { operations: ['set', 'set', 'set', 'set'], ...OPTIMISTIC, ...NEIGHBOURS },
  },
  'joined updates of which one is refused, and all are told done': {
    law: 'NoLostKey',
    breakServices: ({ updates }) => Object.assign(updates, { submit: alwaysDone(updates) }),
    scenario: { operations: ['set', 'set', 'set', 'set'], ...OPTIMISTIC, ...NEIGHBOURS },
  },
  'joined updates that are answered when they are sent': {
    law: 'CommitBeforeAnswer',
    breakServices: ({ updates }) => Object.assign(updates, { submit: answeredAtOnce(updates) }),
    scenario: { operations: ['set', 'set', 'set', 'touch'], ...OPTIMISTIC, ...NEIGHBOURS },
  },
  'joined updates that bring a session back': {
    law: 'NoResurrection',
    repository: UpsertingManyRepository,
    scenario: { operations: ['set', 'set', 'set', 'destroy'], ...OPTIMISTIC, ...NEIGHBOURS },
  },
  "joined updates with each other's data": {
    law: 'NoLostKey',
    repository: ShiftingRepository,
    scenario: { operations: ['set', 'set', 'counter', 'touch'], ...OPTIMISTIC, ...NEIGHBOURS },
  },
  'joined updates that are sent again blindly': {
    law: 'NoLostKey',
    repository: RepeatingRepository,
    scenario: { operations: ['set', 'set', 'counter', 'set'], ...OPTIMISTIC, ...NEIGHBOURS, faults: 1 },
  },
  "somebody else's row": {
    law: 'Isolation',
    repository: ConfusingRepository,
    scenario: { operations: ['set', 'regenerate'], ...OPTIMISTIC },
  },
  'one key at a time': { law: 'WholeDelta', repository: TearingRepository, scenario: { operations: ['set', 'counter'], ...OPTIMISTIC } },
  'blind retry': {
    law: 'AtMostOnce',
    repository: ForgetfulRepository,
    scenario: { operations: ['counter', 'touch'], ...OPTIMISTIC, faults: 1 },
  },
  'no expiry': { law: 'Lifetime', repository: EternalRepository, scenario: { operations: ['set', 'expiry'], ...OPTIMISTIC } },
  'a lock that stays': {
    law: 'BoundedOutcome',
    repository: LeakingRepository,
    scenario: { operations: ['set', 'set'], locking: ['pessimistic'] },
  },
  'a lock without a version': {
    law: 'OneProtocol',
    repository: VersionKeepingRepository,
    scenario: { operations: ['set', 'set'], locking: ['pessimistic', 'optimistic'] },
  },
  'a base that moves alone, as in the Ruby original': {
    law: 'NoLostKey',
    breakServices: ({ changes }) => Object.assign(changes, { applyOutcome: moveBaseAlone }),
    scenario: { operations: ['change during commit', 'set'], ...OPTIMISTIC },
  },
  'a live session that is not shown the outcome': {
    law: 'base and live session move together',
    breakServices: ({ changes }) => Object.assign(changes, { applyOutcome: moveBaseAlone }),
    scenario: { operations: ['set', 'counter'], ...OPTIMISTIC },
  },
  ...FLIGHT_BREACHES,
  ...WHOLE_BREACHES,
};

function alwaysDone(updates: UpdateBatcher): UpdateBatcher['submit'] {
  const update = updates.submit.bind(updates);
  return (...parameters) => update(...parameters).then(() => true);
}

function answeredAtOnce(updates: UpdateBatcher): UpdateBatcher['submit'] {
  const update = updates.submit.bind(updates);
  return async (...parameters) => {
    void update(...parameters);
    return true;
  };
}

type Commit = CommitQueue['commit'];

/** Commits the first as it is, and what comes meanwhile as `join` says. */
function meanwhile(
  commits: CommitQueue,
  join: (commit: () => ReturnType<Commit>, underWay: ReturnType<Commit>) => ReturnType<Commit>,
): Commit {
  const underWay = new Map<string, ReturnType<Commit>>();
  const commit = commits.commit.bind(commits);
  return (key, ...parameters) => {
    const before = underWay.get(key);
    if (before) return join(() => commit(key, ...parameters), before);
    const work = commit(key, ...parameters).finally(() => underWay.delete(key));
    underWay.set(key, work);
    return work;
  };
}

/** Shares a query from when it is asked for until its rows arrive. */
function joiningTooLate(loads: LoadBatcher): LoadBatcher['submit'] {
  const underWay = new Map<string, Promise<StoredRecord | undefined>>();
  const load = loads.submit.bind(loads);
  return (key) => {
    const found = underWay.get(key) ?? load(key).finally(() => underWay.delete(key));
    underWay.set(key, found);
    return found;
  };
}

function moveBaseAlone(_session: object, live: LiveSession, _mine: EncodedValues, outcome: { record?: SessionRecord }): void {
  if (outcome.record) Object.assign(live, { state: 'stored', record: outcome.record, ownBase: undefined });
}
