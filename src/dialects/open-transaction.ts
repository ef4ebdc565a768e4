/**
 * Returns the error for a SQLite connection on which the app has a transaction open. It has the code of a lock, because sessions
 * wait for its end: a change inside would be rolled back with it.
 */
export function openTransaction(): Error {
  return Object.assign(new Error('The app has a transaction open on the only connection.'), { code: 'SQLITE_BUSY' });
}
