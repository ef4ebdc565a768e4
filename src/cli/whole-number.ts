import { UsageError } from './usage-error.js';

/**
 * Reads the value of an option that is a whole number from 1.
 *
 * @throws UsageError for another value
 */
export function wholeNumber(command: string, option: string, given: string): number {
  const number = Number(given);
  if (/^\d+$/.test(given) && number >= 1 && Number.isSafeInteger(number)) return number;
  throw new UsageError(`${command}: --${option}: "${given}" was given. Give a whole number from 1.`);
}
