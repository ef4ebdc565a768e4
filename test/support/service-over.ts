import { SmartSessionOptions, SessionService, type SessionRepository, type SmartSessionModuleOptions } from '../../src/index.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { AppTransactions } from '../../src/services/app-transactions.js';
import { Backoff } from '../../src/services/backoff.js';
import { CommitJoiner } from '../../src/services/commit-joiner.js';
import { LiveSessions } from '../../src/services/live-sessions.js';
import { LoadJoiner } from '../../src/services/load-joiner.js';
import { ReadThrough } from '../../src/services/read-through.js';
import { RecordReader } from '../../src/services/record-reader.js';
import { RepositoryCaller } from '../../src/services/repository-caller.js';
import { SessionCommitter } from '../../src/services/session-committer.js';
import { MergeReport } from '../../src/services/merge-report.js';
import { SessionDestroyer } from '../../src/services/session-destroyer.js';
import { SessionHandover } from '../../src/services/session-handover.js';
import { SessionLimit } from '../../src/services/session-limit.js';
import { SessionLocker } from '../../src/services/session-locker.js';
import { SessionMerger } from '../../src/services/session-merger.js';
import { SessionObservers } from '../../src/services/session-observers.js';
import { TouchJoiner } from '../../src/services/touch-joiner.js';
import { UpdateJoiner } from '../../src/services/update-joiner.js';

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
  const loads = new LoadJoiner(repository, caller, observers, options);
  const updates = new UpdateJoiner(repository, observers, options);
  const commits = new CommitJoiner(
    repository,
    new SessionCommitter(repository, updates, reader, codec, backoff, observers, options),
    observers,
    options,
  );
  const handover = new SessionHandover(live, codec, loads, reader, caller, backoff, observers, options);
  const readThrough = new ReadThrough(loads, caller, codec, observers, options);
  const destroyer = new SessionDestroyer(commits, caller, observers, options);
  const touches = new TouchJoiner(repository, caller, observers, options);
  const merges = new MergeReport(codec, observers, options);
  const limit = new SessionLimit(codec, caller, destroyer, options);
  const sessions = new SessionService(
    commits,
    live,
    merges,
    reader,
    codec,
    loads,
    readThrough,
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
    readThrough,
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
