import { inspect } from 'node:util';
import { SmartSessionConfigError } from '../smart-session.errors.js';

/** The longest name that an app may give, in characters. The column has room for the prefix of a lock too. */
const LONGEST_NAME = 250;

/** Keeps the leases of locks apart from those of work that is done once. */
const LOCK = 'lock:';

/**
 * Returns the name of the lease for work that is done once.
 *
 * @throws SmartSessionConfigError for a name that cannot be one
 */
export function flightName(name: unknown): string {
  const checked = checkedName(name, '`once`');
  if (checked.startsWith(LOCK)) throw refusal(name, '`once`', `Give a name that does not begin with "${LOCK}".`);
  return checked;
}

/**
 * Returns the name of the lease for a lock.
 *
 * @param caller the method or decorator that was given the name, for a message
 * @throws SmartSessionConfigError for a name that cannot be one
 */
export function lockName(name: unknown, caller: string): string {
  return LOCK + checkedName(name, caller);
}

/** Returns the error for an app that uses leases by name without having them. */
export function missingLeases(caller: string): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'tableName',
    `${caller} needs leases by name, which the repository does not have`,
    'Upgrade the table: `npx smart-session create-table --upgrade`. A repository of your own needs the property `leases`.',
  );
}

function checkedName(name: unknown, caller: string): string {
  if (typeof name === 'string' && name !== '' && name.length <= LONGEST_NAME && !name.includes('\0')) return name;
  throw refusal(name, caller, `Give a text of 1 to ${LONGEST_NAME} characters.`);
}

function refusal(name: unknown, caller: string, remedy: string): SmartSessionConfigError {
  return new SmartSessionConfigError('name', `${caller} was given ${inspect(name)}`, remedy);
}
