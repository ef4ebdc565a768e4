export { SmartSessionModule } from './smart-session.module.js';
export type { SmartSessionModuleAsyncOptions, SmartSessionOptionsFactory } from './smart-session.async-options.js';
export { SmartSessionTestingModule, type SmartSessionTestingOptions } from './smart-session-testing.module.js';
export { sessionCookie, sessionHeaders } from './testing/session-cookie.js';
export { readSession } from './testing/read-session.js';
export { ageSession } from './testing/age-session.js';
export type { SessionCarrier, TestedResponse } from './testing/session-carrier.js';
export type { TestedApp } from './testing/tested-app.js';
export type {
  ExcludedRoute,
  Locking,
  MaxSessionsPerUser,
  SessionConnection,
  SessionKey,
  SessionMergeRules,
  SmartSessionModuleOptions,
  StoredSession,
  UserId,
} from './options/module-options.js';
export { SmartSessionOptions } from './options/smart-session.options.js';
export { LockSession, type LockSessionOptions } from './locking/lock-session.decorator.js';
export { NoTouch } from './decorators/no-touch.decorator.js';
export { ReadOnlySession } from './decorators/read-only-session.decorator.js';
export { append, counter, deep, firstWins, lastWins, union, unionBy } from './merge/rules/index.js';
export { DELETED, type MergeRule, type MergeSides, type PathRules } from './shared/merge-rule.js';
export type { SessionRepositoryClass } from './options/repository-class.js';
export type { EncryptionKey, EncryptionOptions, ResolvedEncryption } from './options/encryption-keys.js';
export type { DescribeUserAgent, DevicesOption, DevicesOptions, ResolvedDevices, StoredIp } from './options/devices-option.js';
export type { CookieAttributes, CookieOption } from './options/cookie-rules.js';
export type { HeaderTransport, Transport, TransportOption } from './options/transport-option.js';
export type { CookieSecret } from './options/secrets.js';
export { richCodec } from './codec/rich.codec.js';
export type { ValueCodec } from './shared/value-codec.js';
export {
  SessionService,
  type LockOptions,
  type OnceOptions,
  type TransactionalOptions,
  type UpdateOptions,
  type RegenerateOptions,
  type SessionDraft,
  type UserSession,
  type UserSessions,
} from './services/session.service.js';
export type { SessionChange, SessionEnd, SessionEndReason, SessionWatch, WatchOptions } from './feed/session-watch.js';
export type { BindOptions, BoundSession, SessionSocket, SocketIoSocket, WsSocket } from './connections/session-socket.js';
export type { FeedOptions, ResolvedFeed } from './options/feed-option.js';
export type { ExportedSession, UserExport } from './devices/user-data.js';
export type { SessionPolicy } from './live/session-policy.js';
export { SessionCreatedEvent, SessionDestroyedEvent, SessionExpiredEvent, SessionMergedEvent } from './events/session-events.js';
export type { EventsOption, SessionEventEmitter } from './options/events-option.js';
export type { DestroyReason } from './observers/session-observers.js';
export { SessionBoardModule } from './board/session-board.module.js';
export type { SessionBoardOptions } from './board/board-options.js';
export { SessionHealthIndicator, type SessionHealth } from './health/session-health.indicator.js';
export { SmartSessionStore } from './store/smart-session.store.js';
export { SmartSessionMiddleware } from './middleware/smart-session.middleware.js';
export { SqlSessionRepository } from './persistence/sql-session.repository.js';
export { EntityManagerSessionRepository } from './persistence/entity-manager-session.repository.js';
export { DatabaseContext } from './persistence/database-context.js';
export type { WorkLease } from './live/held-leases.js';
export type { DeviceRow, DeviceTexts, UserRow, UserRows } from './persistence/user-rows.js';
export type { LockedRecord, LockedRecords } from './persistence/locked-records.js';
export type { LeaseFence, NamedLease, NamedLeases, StoredLease } from './persistence/named-leases.js';
export { StatementRunner } from './persistence/statement-runner.js';
export { endSilentConnections } from './persistence/silent-connections.js';
export type { RunStatement, StatementResult } from './dialects/run-statement.js';
export type { FailureKind } from './dialects/failure-kind.js';
export type { Dialect, UpdateReport, WantedColumn } from './dialects/dialect.js';
export {
  SessionConflictError,
  SessionContextError,
  SessionDatabaseError,
  SessionDecryptionError,
  SessionDeviceLabelError,
  SessionError,
  SessionGoneError,
  SessionInTransactionError,
  SessionLimitError,
  SessionLockLostError,
  SessionLockedError,
  SessionMergeError,
  SessionNotSerializableError,
  SessionReadOnlyError,
  SessionTestingError,
  SessionTooLargeError,
  SessionTransportError,
  SessionUnavailableError,
  SessionUnreadableError,
  SessionUserIdError,
  SessionWatchLimitError,
  SmartSessionConfigError,
  UnsupportedAdapterError,
} from './smart-session.errors.js';
export {
  SessionRepository,
  type DeletedRecord,
  type KnownRecord,
  type Lifetime,
  type RecordChange,
  type RecordState,
  type RecordUpdate,
  type SeenRecord,
  type StoredRecord,
  type SessionSummary,
} from './persistence/session.repository.js';
export type { DialectName } from './shared/dialect-name.js';
export {
  SessionEntity,
  SessionLeaseEntity,
  defineSessionEntity,
  defineSessionLeaseEntity,
  type SessionLeaseRow,
  type SessionRow,
  type SessionTable,
} from './persistence/session.entity.js';
