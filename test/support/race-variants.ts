import {
  EntityManagerSessionRepository,
  SqlSessionRepository,
  type KnownRecord,
  type RecordChange,
  type SmartSessionModuleOptions,
} from '../../src/index.js';

/** A repository that overwrites the whole session, as most other stores do. */
class LastWriteWinsRepository extends SqlSessionRepository {
  override async update(storageKey: string, _known: KnownRecord, change: RecordChange): Promise<boolean> {
    const current = await this.load(storageKey);
    return current !== undefined && super.update(storageKey, current, change);
  }
}

/** The kinds of app that race, by name. */
export const RACE_VARIANTS = {
  'optimistic, statements': { locking: 'optimistic', repository: SqlSessionRepository },
  'pessimistic, statements': { locking: 'pessimistic', repository: SqlSessionRepository },
  'optimistic, entity manager': { locking: 'optimistic', repository: EntityManagerSessionRepository },
  'pessimistic, entity manager': { locking: 'pessimistic', repository: EntityManagerSessionRepository },
  'last write wins': { locking: 'optimistic', repository: LastWriteWinsRepository },
} as const satisfies Record<string, Partial<SmartSessionModuleOptions>>;

export type RaceVariant = keyof typeof RACE_VARIANTS;

/** The variant that must lose changes. */
export const CONTROL: RaceVariant = 'last write wins';
