// Compiled by `npm run check`, never run: the exports of the package. Whoever adds or removes one changes this list too.
import type * as library from '../../src/index.js';
import type {
  BindOptions,
  BoundSession,
  CookieAttributes,
  CookieOption,
  CookieSecret,
  DeletedRecord,
  DestroyReason,
  Dialect,
  DialectName,
  EncryptionKey,
  EncryptionOptions,
  EventsOption,
  ExcludedRoute,
  FailureKind,
  FeedOptions,
  HeaderTransport,
  KnownRecord,
  Lifetime,
  Locking,
  LockSessionOptions,
  MaxSessionsPerUser,
  MergeRule,
  MergeSides,
  LeaseFence,
  LockedRecord,
  LockedRecords,
  NamedLease,
  NamedLeases,
  LockOptions,
  OnceOptions,
  TransactionalOptions,
  UpdateOptions,
  WorkLease,
  PathRules,
  RecordChange,
  RecordState,
  RecordUpdate,
  RegenerateOptions,
  ResolvedEncryption,
  ResolvedFeed,
  RunStatement,
  SessionCarrier,
  SessionBoardOptions,
  SessionChange,
  SessionConnection,
  SessionDraft,
  SessionEnd,
  SessionEndReason,
  SessionEventEmitter,
  SessionHealth,
  SessionKey,
  SessionMergeRules,
  SessionPolicy,
  SessionRepositoryClass,
  SessionLeaseRow,
  SessionRow,
  SessionSocket,
  SessionSummary,
  SessionTable,
  SessionWatch,
  SmartSessionModuleAsyncOptions,
  SmartSessionModuleOptions,
  SmartSessionOptionsFactory,
  SmartSessionTestingOptions,
  SocketIoSocket,
  StatementResult,
  StoredLease,
  StoredRecord,
  StoredSession,
  TestedApp,
  TestedResponse,
  Transport,
  TransportOption,
  UserId,
  DeviceRow,
  DescribeUserAgent,
  DevicesOption,
  DevicesOptions,
  DeviceTexts,
  ExportedSession,
  ResolvedDevices,
  StoredIp,
  UserExport,
  UserRow,
  UserRows,
  UserSession,
  UserSessions,
  ValueCodec,
  WantedColumn,
  WatchOptions,
  WsSocket,
} from '../../src/index.js';

/** The classes, functions and constants: these, and no others. */
type Value =
  | 'ageSession'
  | 'append'
  | 'counter'
  | 'DatabaseContext'
  | 'deep'
  | 'defineSessionEntity'
  | 'defineSessionLeaseEntity'
  | 'DELETED'
  | 'endSilentConnections'
  | 'EntityManagerSessionRepository'
  | 'firstWins'
  | 'lastWins'
  | 'LockSession'
  | 'NoTouch'
  | 'ReadOnlySession'
  | 'readSession'
  | 'richCodec'
  | 'sessionCookie'
  | 'sessionHeaders'
  | 'SessionTestingError'
  | 'SessionConflictError'
  | 'SessionCreatedEvent'
  | 'SessionContextError'
  | 'SessionDatabaseError'
  | 'SessionDecryptionError'
  | 'SessionDestroyedEvent'
  | 'SessionDeviceLabelError'
  | 'SessionEntity'
  | 'SessionLeaseEntity'
  | 'SessionError'
  | 'SessionExpiredEvent'
  | 'SessionGoneError'
  | 'SessionBoardModule'
  | 'SessionHealthIndicator'
  | 'SessionInTransactionError'
  | 'SessionLimitError'
  | 'SessionLockedError'
  | 'SessionLockLostError'
  | 'SessionMergedEvent'
  | 'SessionMergeError'
  | 'SessionNotSerializableError'
  | 'SessionReadOnlyError'
  | 'SessionRepository'
  | 'SessionService'
  | 'SessionTooLargeError'
  | 'SessionTransportError'
  | 'SessionUnavailableError'
  | 'SessionUnreadableError'
  | 'SessionUserIdError'
  | 'SessionWatchLimitError'
  | 'SmartSessionConfigError'
  | 'SmartSessionMiddleware'
  | 'SmartSessionModule'
  | 'SmartSessionOptions'
  | 'SmartSessionStore'
  | 'SmartSessionTestingModule'
  | 'SqlSessionRepository'
  | 'StatementRunner'
  | 'union'
  | 'unionBy'
  | 'UnsupportedAdapterError';

export const exported: Record<keyof typeof library, true> = {} as Record<Value, true>;
export const expected: Record<Value, true> = {} as Record<keyof typeof library, true>;

/** The types: an import of one that is missing does not compile. */
export type Types = [
  BindOptions,
  BoundSession,
  CookieAttributes,
  CookieOption,
  CookieSecret,
  DeletedRecord,
  DestroyReason,
  Dialect,
  DialectName,
  EncryptionKey,
  EncryptionOptions,
  EventsOption,
  ExcludedRoute,
  FailureKind,
  FeedOptions,
  HeaderTransport,
  KnownRecord,
  Lifetime,
  Locking,
  LockSessionOptions,
  MaxSessionsPerUser,
  MergeRule,
  MergeSides,
  LeaseFence,
  LockedRecord,
  LockedRecords,
  NamedLease,
  NamedLeases,
  LockOptions,
  OnceOptions<unknown>,
  TransactionalOptions,
  UpdateOptions,
  WorkLease,
  PathRules,
  RecordChange,
  RecordState,
  RecordUpdate,
  RegenerateOptions,
  ResolvedEncryption,
  ResolvedFeed,
  RunStatement,
  SessionCarrier,
  SessionBoardOptions,
  SessionChange,
  SessionConnection,
  SessionDraft,
  SessionEnd,
  SessionEndReason,
  SessionEventEmitter,
  SessionHealth,
  SessionKey,
  SessionMergeRules,
  SessionPolicy,
  SessionRepositoryClass,
  SessionLeaseRow,
  SessionRow,
  SessionSocket,
  SessionSummary,
  SessionTable,
  SessionWatch,
  SmartSessionModuleAsyncOptions,
  SmartSessionModuleOptions,
  SmartSessionOptionsFactory,
  SmartSessionTestingOptions,
  SocketIoSocket,
  StatementResult,
  StoredLease,
  StoredRecord,
  StoredSession,
  TestedApp,
  TestedResponse,
  Transport,
  TransportOption,
  UserId,
  DeviceRow,
  DescribeUserAgent,
  DevicesOption,
  DevicesOptions,
  DeviceTexts,
  ExportedSession,
  ResolvedDevices,
  StoredIp,
  UserExport,
  UserRow,
  UserRows,
  UserSession,
  UserSessions,
  ValueCodec,
  WantedColumn,
  WatchOptions,
  WsSocket,
];
