import { PROGRAM } from './program.js';
import { UsageError } from './usage-error.js';

/**
 * Returns the value of a required option.
 *
 * @throws UsageError if it is missing or empty
 */
export function required(command: string, option: string, value: string | undefined): string {
  if (value) return value;
  throw new UsageError(`${command}: --${option} is missing. ${PROGRAM} ${command} --help describes it.`);
}
