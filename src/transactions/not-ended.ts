import { SessionUnavailableError } from '../smart-session.errors.js';

/** The error of a commit that has waited too long for a transaction. @param timeout in ms */
export function notEnded(timeout: number): SessionUnavailableError {
  return new SessionUnavailableError(
    'commit',
    `a transaction of the app that changes it did not end within ${timeout} ms. Commit the transaction before the response, or raise \`timeout\`.`,
  );
}
