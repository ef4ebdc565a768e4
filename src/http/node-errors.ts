import { inspect } from 'node:util';

/** Returns Node's error for a change of headers that were already sent. */
export function headersSentError(verb: 'set' | 'append' | 'remove' | 'write'): Error {
  return withCode('ERR_HTTP_HEADERS_SENT', `Cannot ${verb} headers after they are sent to the client`);
}

/** Returns Node's error for a write after the end. */
export function writeAfterEndError(): Error {
  return withCode('ERR_STREAM_WRITE_AFTER_END', 'write after end');
}

/** Returns Node's error for a second end of a finished response. */
export function alreadyFinishedError(): Error {
  return withCode('ERR_STREAM_ALREADY_FINISHED', 'Cannot call end after a stream was finished');
}

/** Returns Node's error for a response that was cut off. */
export function destroyedError(): Error {
  return withCode('ERR_STREAM_DESTROYED', 'Cannot call end after a stream was destroyed');
}

/** Returns Node's error for an invalid status. */
export function invalidStatusError(status: unknown): Error {
  return withCode('ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${String(status)}`, RangeError);
}

/** Returns Node's error for a list of headers that lacks the last value. */
export function invalidHeadersError(headers: unknown): Error {
  return withCode('ERR_INVALID_ARG_VALUE', `The argument 'headers' is invalid. Received ${inspect(headers)}`, TypeError);
}

function withCode(code: string, message: string, Type: new (message: string) => Error = Error): Error {
  return Object.assign(new Type(message), { code });
}
