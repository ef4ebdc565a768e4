import type { Type } from '@nestjs/common';
import { Backoff } from './batching/backoff.js';
import { LoadBatcher } from './batching/load-batcher.js';
import { RetryingRepository } from './batching/retrying-repository.js';
import { TouchBatcher } from './batching/touch-batcher.js';
import { UpdateBatcher } from './batching/update-batcher.js';
import { SessionCodec } from './codec/session.codec.js';
import { CommitQueue } from './commit/commit-queue.js';
import { MergeReport } from './commit/merge-report.js';
import { OverwriteDetector } from './commit/overwrite-detector.js';
import { RevisionBuilder } from './commit/revision-builder.js';
import { TransactionCommitter } from './commit/transaction-committer.js';
import { RecordChangeBuilder } from './commit/record-change-builder.js';
import { SessionCommitter } from './commit/session-committer.js';
import { SessionMerger } from './commit/session-merger.js';
import { SessionDestroyer } from './ending/session-destroyer.js';
import { SessionHandover } from './ending/session-handover.js';
import { SessionLimit } from './ending/session-limit.js';
import { LoginDevices } from './devices/login-devices.js';
import { UserData } from './devices/user-data.js';
import { UserDevices } from './devices/user-devices.js';
import { EventPublisher } from './events/event-publisher.js';
import { BoundSockets } from './connections/bound-sockets.js';
import { SessionFeed } from './feed/session-feed.js';
import { SessionHealthIndicator } from './health/session-health.indicator.js';
import { LiveChanges } from './live/live-changes.js';
import { LiveSessions } from './live/live-sessions.js';
import { SessionFlights } from './locking/session-flights.js';
import { LockAcquirer } from './locking/lock-acquirer.js';
import { JoinedCommits } from './transactions/joined-commits.js';
import { LandedCommits } from './transactions/landed-commits.js';
import { SessionTransactions } from './transactions/session-transactions.js';
import { TransactionTargets } from './transactions/transaction-targets.js';
import { SessionLocks } from './locking/session-locks.js';
import { HeldLeases } from './live/held-leases.js';
import { SessionLocker } from './locking/session-locker.js';
import { LateChanges } from './middleware/late-changes.js';
import { SmartSessionMiddleware } from './middleware/smart-session.middleware.js';
import { SessionMigrator } from './migration/session-migrator.js';
import { CurrentPlatform } from './platforms/current-platform.js';
import { FlightTargets } from './protocol/flight-targets.js';
import { LiveEdits } from './live/live-edits.js';
import { LiveCommitter } from './protocol/live-committer.js';
import { SessionLoader } from './protocol/session-loader.js';
import { SessionProtocol } from './protocol/session-protocol.js';
import { SessionStates } from './protocol/session-states.js';
import { SessionToucher } from './protocol/session-toucher.js';
import { StoredSessions } from './protocol/stored-sessions.js';
import { RecordReader } from './records/record-reader.js';
import { UserIdWatch } from './records/user-id-watch.js';
import { SessionPruner } from './services/session-pruner.service.js';
import { SessionService } from './services/session.service.js';
import { SmartSessionStore } from './store/smart-session.store.js';

/**
 * The classes that Nest makes, each by the types of its constructor. They need `SmartSessionOptions`, `SessionRepository`,
 * `AppTransactions` and `SessionObservers` beside them. Tests make them from this list too, over a repository of their own.
 */
export const SESSION_PROVIDERS: readonly Type[] = [
  SessionCodec,
  RecordReader,
  UserIdWatch,
  Backoff,
  RetryingRepository,
  LoadBatcher,
  TouchBatcher,
  UpdateBatcher,
  SessionMerger,
  RecordChangeBuilder,
  RevisionBuilder,
  SessionCommitter,
  TransactionCommitter,
  CommitQueue,
  MergeReport,
  OverwriteDetector,
  LiveSessions,
  LiveChanges,
  SessionDestroyer,
  SessionHandover,
  SessionLimit,
  LoginDevices,
  UserDevices,
  UserData,
  SessionMigrator,
  SessionLoader,
  LiveEdits,
  LiveCommitter,
  SessionStates,
  SessionToucher,
  StoredSessions,
  SessionProtocol,
  SessionService,
  SessionPruner,
  SessionFeed,
  BoundSockets,
  HeldLeases,
  LockAcquirer,
  SessionLocker,
  SessionLocks,
  LandedCommits,
  JoinedCommits,
  TransactionTargets,
  SessionTransactions,
  SessionFlights,
  FlightTargets,
  SmartSessionStore,
  CurrentPlatform,
  SmartSessionMiddleware,
  LateChanges,
  EventPublisher,
  SessionHealthIndicator,
];
