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
