// Histories whose stored versions are known, such as by a trigger: for the tests of a store.
export { CHECKERS, checkHistory, type Checker, type CheckerName } from './checkers/index.js';
export { HistoryClient, type ClientSettings } from './clients/history-client.js';
export { OPERATIONS, OWN_OPERATIONS, type Operation, type OperationContext } from './clients/operations.js';
export { firstRequest, runClients, type ClientsSettings } from './clients/run-clients.js';
export type { Change, Found } from './clients/change.js';
export {
  describeRequest,
  type AuditEntry,
  type HistoryRequest,
  type OperationName,
  type Outcome,
  type Recording,
  type Values,
} from './history/history-request.js';
export { History } from './history/history.js';
export type { SessionHistory, Version } from './history/session-history.js';
