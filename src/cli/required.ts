import { PROGRAM } from './help.js';
import { UsageError } from './usage-error.js';

/**
 * The value of an option that a command cannot do without.
 *
 * @throws UsageError when it was not given, or is empty
 */
export function required(command: string, option: string, value: string | undefined): string {
  if (value) return value;
  throw new UsageError(`${command}: --${option} is missing. ${PROGRAM} ${command} --help shows how it is given.`);
}
