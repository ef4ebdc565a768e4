import { SmartSessionOptions, SessionService, type SessionRepository, type SmartSessionModuleOptions } from '../../src/index.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { AppTransactions } from '../../src/persistence/app-transactions.js';
import { Backoff } from '../../src/batching/backoff.js';
import { CommitQueue } from '../../src/commit/commit-queue.js';
import { LiveSessions } from '../../src/live/live-sessions.js';
import { LoadBatcher } from '../../src/batching/load-batcher.js';
import { SessionMigrator } from '../../src/migration/session-migrator.js';
import { RecordReader } from '../../src/records/record-reader.js';
import { RepositoryCaller } from '../../src/batching/repository-caller.js';
import { SessionCommitter } from '../../src/commit/session-committer.js';
import { MergeReport } from '../../src/commit/merge-report.js';
import { SessionDestroyer } from '../../src/ending/session-destroyer.js';
import { SessionHandover } from '../../src/ending/session-handover.js';
import { SessionLimit } from '../../src/ending/session-limit.js';
import { SessionLocker } from '../../src/locking/session-locker.js';
import { SessionMerger } from '../../src/commit/session-merger.js';
import { SessionObservers } from '../../src/observers/session-observers.js';
import { TouchBatcher } from '../../src/batching/touch-batcher.js';
import { UpdateBatcher } from '../../src/batching/update-batcher.js';

/** The services as the module wires them, over a repository of the test's. */
export function serviceOver(
  repository: SessionRepository,
  given: SmartSessionModuleOptions = {},
  backoff = new Backoff(),
  observers = new SessionObservers(),
  isInTransaction?: () => boolean,
) {
  const options = new SmartSessionOptions({ secret: 'x', locking: 'optimistic', ...given });
  const transactions = new AppTransactions(isInTransaction);
  const codec = new SessionCodec(options);
  const reader = new RecordReader(codec, options);
  const caller = new RepositoryCaller(repository, backoff, options);
  const merger = new SessionMerger(codec, options);
  const live = new LiveSessions(codec, merger, options);
  const loads = new LoadBatcher(repository, caller, observers, options);
  const updates = new UpdateBatcher(repository, observers, options);
  const commits = new CommitQueue(
    repository,
    new SessionCommitter(repository, updates, reader, codec, backoff, observers, options),
    observers,
    options,
  );
  const handover = new SessionHandover(live, codec, loads, reader, caller, backoff, observers, options);
  const migrator = new SessionMigrator(loads, caller, codec, observers, options);
  const destroyer = new SessionDestroyer(commits, caller, observers, options);
  const touches = new TouchBatcher(repository, caller, observers, options);
  const merges = new MergeReport(codec, observers, options);
  const limit = new SessionLimit(codec, caller, destroyer, options);
  const sessions = new SessionService(
    commits,
    live,
    merges,
    reader,
    codec,
    loads,
    migrator,
    touches,
    handover,
    destroyer,
    limit,
    caller,
    transactions,
    observers,
    options,
  );
  return {
    sessions,
    migrator,
    locker: new SessionLocker(sessions, live, caller, backoff, transactions, observers),
    codec,
    merger,
    live,
    loads,
    updates,
    commits,
    caller,
    destroyer,
  };
}
