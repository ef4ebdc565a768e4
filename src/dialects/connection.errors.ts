import type { DriverError } from './driver-error.js';
import type { FailureKind } from './failure-kind.js';
import { kindByText, kindsOf, type KnownError, type KnownText } from './known-errors.js';

const NO_SERVER = 'there is no server, or the network does not reach it';
const CERTIFICATE = 'the TLS handshake ends before anything is sent';
const LOST = 'the connection broke; the statement may have been done';

/** Errors while a connection is opened, before anything was sent. Node sets their `syscall` to `connect` or `getaddrinfo`. */
export const CONNECTING_ERRORS: readonly KnownError[] = [
  ['EAI_AGAIN', 'connect', 'not-done', 'the name server has no answer yet (getaddrinfo(3))'],
  ['EAGAIN', 'connect', 'not-done', "the server's queue of new connections is full (connect(2), Unix sockets)"],
  ['ECONNREFUSED', 'connect', 'failed', NO_SERVER],
  ['ENOTFOUND', 'connect', 'failed', NO_SERVER],
  ['ENOENT', 'connect', 'failed', NO_SERVER],
  ['EHOSTUNREACH', 'connect', 'failed', NO_SERVER],
  ['ENETUNREACH', 'connect', 'failed', NO_SERVER],
  ['ETIMEDOUT', 'connect', 'failed', NO_SERVER],
];

/** Errors of an open connection, for every driver. */
export const SOCKET_ERRORS: readonly KnownError[] = [
  ['ECONNRESET', 'open connection', 'unknown', LOST],
  ['EPIPE', 'open connection', 'unknown', LOST],
  ['ETIMEDOUT', 'open connection', 'unknown', LOST],
  ['EHOSTUNREACH', 'open connection', 'unknown', LOST],
  ['ENETUNREACH', 'open connection', 'unknown', LOST],
  ['ERR_SESSION_DATABASE', 'new connection', 'failed', 'the library refuses it before anything is sent: its settings would lose sessions'],
  ['CERT_HAS_EXPIRED', 'TLS', 'failed', CERTIFICATE],
  ['CERT_NOT_YET_VALID', 'TLS', 'failed', CERTIFICATE],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS', 'failed', CERTIFICATE],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS', 'failed', CERTIFICATE],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'TLS', 'failed', CERTIFICATE],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS', 'failed', CERTIFICATE],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS', 'failed', CERTIFICATE],
];

/** Errors of knex (MikroORM 6) and Kysely (MikroORM 7) that have no code. The statement got no connection. */
export const POOL_ERRORS: readonly KnownText[] = [
  [
    'Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?',
    'failed',
    'no connection became free in time',
  ],
  ['Unable to acquire a connection', 'failed', 'the pool is closed (knex)'],
  ['driver has already been destroyed', 'failed', 'the pool is closed (Kysely)'],
];

const CONNECTING = kindsOf(CONNECTING_ERRORS);
const SOCKET = kindsOf(SOCKET_ERRORS);

/** Returns what an error of the socket or of the pool means. */
export function connectionFailure({ code, message, isUnconnected }: DriverError): FailureKind {
  if (isUnconnected) return CONNECTING.get(code ?? '') ?? 'failed';
  if (code !== undefined) return SOCKET.get(code) ?? 'unknown';
  return kindByText(POOL_ERRORS, message) ?? 'unknown';
}
