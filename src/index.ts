export {
  SessionConflictError,
  SessionNotSerializableError,
  SessionTooLargeError,
  SessionUnavailableError,
  SmartSessionConfigError,
} from './smart-session.errors.js';
export {
  SessionRepository,
  type FailureKind,
  type Lifetime,
  type RecordChange,
  type SessionRecord,
  type SessionSummary,
} from './persistence/session.repository.js';
export type { DialectName } from './dialects/dialect.js';
export { SessionEntity, defineSessionEntity, type SessionTable } from './persistence/session.entity.js';
