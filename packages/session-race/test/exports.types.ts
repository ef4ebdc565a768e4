// Compiled by `npm run check`, never run: the exports of the package. A change of an export changes this list too.
import type { Store } from 'express-session';
import type * as main from '../src/index.js';
import type {
  Breach,
  BreachKind,
  Example,
  HistoryRequest,
  OperationName,
  Outcome,
  RaceAppOptions,
  RaceConfig,
  RaceProgress,
  RaceReport,
  RaceSettings,
  RaceStoreOptions,
  RaceTarget,
  ReadSession,
  Route,
  SessionOptions,
  StoreWatch,
  TargetAnswer,
  TargetOperation,
  TargetRequest,
  Values,
  WatchCounts,
  WatchFinding,
  WatchHour,
  WatchOptions,
} from '../src/index.js';
import type * as history from '../src/history.js';
import type {
  AuditEntry,
  Change,
  Checker,
  CheckerName,
  ClientSettings,
  ClientsSettings,
  Found,
  Operation,
  OperationContext,
  Recording,
  SessionHistory,
  Version,
} from '../src/history.js';

/** The classes, functions and constants of `session-race`: these, and no others. */
type MainValue =
  | 'assertRaceSafe'
  | 'CannotJudgeError'
  | 'describeReport'
  | 'htmlReport'
  | 'race'
  | 'raceApp'
  | 'RaceConfigError'
  | 'raceStore'
  | 'RaceUnsafeError'
  | 'watchStore';

/** Those of `session-race/history`. */
type HistoryValue =
  | 'CHECKERS'
  | 'checkHistory'
  | 'describeRequest'
  | 'firstRequest'
  | 'History'
  | 'HistoryClient'
  | 'OPERATIONS'
  | 'OWN_OPERATIONS'
  | 'runClients';

export const exported: Record<keyof typeof main, true> = {} as Record<MainValue, true>;
export const expected: Record<MainValue, true> = {} as Record<keyof typeof main, true>;
export const exportedByHistory: Record<keyof typeof history, true> = {} as Record<HistoryValue, true>;
export const expectedOfHistory: Record<HistoryValue, true> = {} as Record<keyof typeof history, true>;

/** The types: an import of one that is missing does not compile. */
export type Types = [
  AuditEntry,
  Breach,
  BreachKind,
  Change,
  Checker,
  CheckerName,
  ClientSettings,
  ClientsSettings,
  Example,
  Found,
  HistoryRequest,
  Operation,
  OperationContext,
  OperationName,
  Outcome,
  RaceAppOptions,
  RaceConfig,
  RaceProgress,
  RaceReport,
  RaceSettings,
  RaceStoreOptions,
  RaceTarget,
  ReadSession,
  Recording,
  Route,
  SessionHistory,
  SessionOptions,
  StoreWatch,
  TargetAnswer,
  TargetOperation,
  TargetRequest,
  Values,
  Version,
  WatchCounts,
  WatchFinding,
  WatchHour,
  WatchOptions,
];

/** Calls that must compile, and some that must not. */
export async function calls(watchStore: typeof main.watchStore, raceStore: typeof main.raceStore, store: Store): Promise<void> {
  const watch = watchStore(store, { sample: 0.1, onFinding: ({ kind, keys }) => [kind === 'lost', keys.length] });
  const lost: number = watch.counts.lost;
  const { verdict } = await raceStore([store, store], { rounds: 5, session: { rolling: true } });
  const isLossy: boolean = verdict === 'lossy';
  // @ts-expect-error: an option that is not there
  watchStore(store, { samples: lost });
  // @ts-expect-error: the secret of express-session is the race's
  await raceStore(store, { session: { secret: String(isLossy) } });
  // @ts-expect-error: counts are read only
  watch.counts.lost = 0;
}
