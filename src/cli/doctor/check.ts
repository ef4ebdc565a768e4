/** `note`: the command cannot see it, and says how to look. */
export type CheckStatus = 'ok' | 'note' | 'warn' | 'fail';

/** The result of one check. */
export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** The finding, as words without a full stop. */
  readonly found: string;
  /** The remedy, as sentences; null if nothing has to be done. */
  readonly remedy: string | null;
}

/** Returns a check that has found nothing wrong. */
export function ok(name: string, found: string): Check {
  return { name, status: 'ok', found, remedy: null };
}

/** Returns a check that has found something. */
export function report(status: Exclude<CheckStatus, 'ok'>, name: string, what: string, remedy: string): Check {
  return { name, status, found: what, remedy };
}

/** Returns a check that an error has ended. The message of an error of this package says what to do. */
export function failed(name: string, message: string): Check {
  return { name, status: 'fail', found: message.replace(/[.!]$/, ''), remedy: null };
}
