import type { DialectName } from '../shared/dialect-name.js';

/** The databases that the schemes of URLs name. MySQL and MariaDB have the same drivers. */
const SCHEMES: ReadonlyMap<string, readonly DialectName[]> = new Map([
  ['postgres', ['postgresql']],
  ['postgresql', ['postgresql']],
  ['mysql', ['mysql', 'mariadb']],
  ['mariadb', ['mysql', 'mariadb']],
]);

/**
 * Returns what is wrong with the URL of a database, as words without the URL, which may have a password. A driver ignores the scheme, and
 * waits for a server that speaks otherwise.
 *
 * @param url undefined if there is none
 * @param dialect the dialect of the driver
 */
export function flawInUrl(url: unknown, dialect: DialectName): string | undefined {
  const [, scheme = ''] = (typeof url === 'string' && /^([a-z]+):\/\//i.exec(url)) || [];
  const named = SCHEMES.get(scheme.toLowerCase());
  return named === undefined || named.includes(dialect) ? undefined : `its URL begins with ${scheme}://, but the driver is for ${dialect}`;
}
