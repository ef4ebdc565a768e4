import type { SessionRepository, SessionService } from '../../src/index.js';
import type { NamedLease, StoredLease } from '../../src/persistence/named-leases.js';
import { HeldLeases } from '../../src/live/held-leases.js';
import { LiveCommitter } from '../../src/protocol/live-committer.js';
import { FlightTargets, type FlightTarget } from '../../src/protocol/flight-targets.js';
import type { Mutant } from './history.js';
import type { Breach } from './mutants.js';
import type { Scheduler } from './scheduler.js';
import type { SimulatedDatabase, SimulatedLease } from './simulated-database.js';
import { SimulatedLeases } from './simulated-leases.js';
import { SimulatedRepository } from './simulated-repository.js';

/** A commit that writes whoever has the lease. */
class UnfencedRepository extends SimulatedRepository {
  override updateLocked(...[key, decide, fence]: Parameters<SessionRepository['updateLocked']>) {
    return super.updateLocked(key, (record) => decide(record), fence);
  }
}

/** A repository whose leases are broken. */
function over(Leases: typeof SimulatedLeases): typeof SimulatedRepository {
  return class extends SimulatedRepository {
    constructor(database: SimulatedDatabase, scheduler: Scheduler) {
      super(database, scheduler, new Leases(database, scheduler));
    }
  };
}

/** A lease that is taken from its holder. */
class RobbedLeases extends SimulatedLeases {
  protected override mayTakeOver(): boolean {
    return true;
  }
}

/** A caller that waits takes a lease that was finished meanwhile. */
class ImpatientLeases extends SimulatedLeases {
  protected override mayTakeOver(found: SimulatedLease, lease: NamedLease): boolean {
    return super.mayTakeOver(found, lease, false);
  }
}

/** Work in flight is taken for work that has ended. */
class HastyLeases extends SimulatedLeases {
  override async look(storageKey: string, name: string): Promise<StoredLease | undefined> {
    const found = await super.look(storageKey, name);
    return found && { ...found, isDone: true };
  }
}

/** The lease of work that has failed stays. */
class KeptLeases extends SimulatedLeases {
  override async release(): Promise<void> {}
}

const OPTIMISTIC = { locking: ['optimistic'] } as const;

/** Breaches of `once` and of locks. */
export const FLIGHT_BREACHES: Readonly<Record<string, Breach>> = {
  'a lease that is not fenced at the commit': {
    law: 'OneFlight',
    repository: UnfencedRepository,
    scenario: { operations: ['once', 'once', 'lease expiry'], ...OPTIMISTIC },
  },
  'work that begins after its lease has expired': {
    law: 'OneFlight',
    clocksStop: true,
    scenario: { operations: ['once', 'lease expiry'], ...OPTIMISTIC },
  },
  'a lock that begins after its lease has expired': {
    law: 'OneLock',
    clocksStop: true,
    scenario: { operations: ['lock', 'lease expiry'], ...OPTIMISTIC },
  },
  'a lease that two have': { law: 'OneFlight', repository: over(RobbedLeases), scenario: { operations: ['once', 'once'], ...OPTIMISTIC } },
  'freshness decided on a stale base': {
    law: 'OneFlight',
    ...breakingTargets((target) => ({ refresh: async () => void target })),
    scenario: { operations: ['once if stale', 'once if stale'], ...OPTIMISTIC },
  },
  'a result that is read before the commit': {
    law: 'SameAnswer',
    breakServices: ({ sessions }) => Object.assign(sessions, { once: selectingEarly(sessions) }),
    scenario: { operations: ['once', 'counter'], ...OPTIMISTIC },
  },
  'work that is told done before its commit': {
    law: 'SameAnswer',
    ...breakingTargets((target) => ({
      commit: async (...parameters: Parameters<FlightTarget['commit']>) => void target.commit(...parameters).catch(() => undefined),
    })),
    scenario: { operations: ['once', 'once'], ...OPTIMISTIC, isOneProcess: true },
  },
  'work in flight that is taken for done': {
    law: 'SameAnswer',
    repository: over(HastyLeases),
    scenario: { operations: ['once', 'once'], ...OPTIMISTIC },
  },
  'a caller that has waited, and works again': {
    law: 'SameAnswer',
    repository: over(ImpatientLeases),
    scenario: { operations: ['once', 'once', 'lease expiry'], ...OPTIMISTIC },
  },
  'a lock that is not fenced at the commit': {
    law: 'OneLock',
    repository: UnfencedRepository,
    scenario: { operations: ['lock', 'lock', 'lease expiry'], ...OPTIMISTIC },
  },
  'a lock that fences the live session alone': {
    law: 'OneLock',
    breakServices: ({ get }) => Object.assign(get(HeldLeases), { of: () => [] }),
    scenario: { operations: ['update in lock', 'lock', 'lease expiry'], ...OPTIMISTIC },
  },
  'a lock that two have': { law: 'OneLock', repository: over(RobbedLeases), scenario: { operations: ['lock', 'lock'], ...OPTIMISTIC } },
  'a lock that shows what was loaded before it': {
    law: 'OneLock',
    breakServices: ({ get }) => Object.assign(get(LiveCommitter), { refresh: async () => true }),
    scenario: { operations: ['lock', 'lock'], ...OPTIMISTIC },
  },
  'a lease that stays when the work fails': {
    law: 'BoundedOutcome',
    repository: over(KeptLeases),
    scenario: { operations: ['once, and fails', 'once'], ...OPTIMISTIC },
  },
};

/** Breaks the sessions that flights work on. */
function breakingTargets(broken: (target: FlightTarget) => Partial<FlightTarget>): Mutant {
  return {
    breakServices({ get }) {
      const targets = get(FlightTargets);
      const of = targets.of.bind(targets);
      Object.assign(targets, {
        of: async (session: object | string) => {
          const target = await of(session);
          return Object.create(target, Object.getOwnPropertyDescriptors(broken(target))) as FlightTarget;
        },
      });
    },
  };
}

function selectingEarly(sessions: SessionService): SessionService['once'] {
  const once = sessions.once.bind(sessions);
  return async (session, name, { work, select, ...options }) => {
    let early: { readonly result: ReturnType<NonNullable<typeof select>> } | undefined;
    const worked = async (...[draft, lease]: Parameters<typeof work>) => {
      await work(draft, lease);
      early = select && { result: structuredClone(select(draft)) };
    };
    const late = await once(session, name, { ...options, work: worked, ...(select ? { select } : {}) });
    return early ? early.result : late;
  };
}
