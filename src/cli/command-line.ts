import { parseArgs } from 'node:util';
import type { Command } from './command.js';
import { closest } from './closest.js';
import { COMMON_OPTIONS } from './common-options.js';
import { PROGRAM } from './help.js';
import { UsageError } from './usage-error.js';

/** The options that may stand in place of a command. */
const PROGRAM_OPTIONS = ['--help', '--version'];

/**
 * Finds a command by its name.
 *
 * @throws UsageError for an unknown name
 */
export function commandOf(commands: readonly Command[], name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const names = commands.map((command) => command.name);
  const meant = closest(name, [...names, ...PROGRAM_OPTIONS]);
  throw new UsageError(
    meant === undefined
      ? `"${name}" is not a command. Give one of ${names.join(', ')} first.`
      : `"${name}" is not a command. Did you mean ${meant}? ${PROGRAM} --help lists the commands.`,
  );
}

/**
 * Reads the options of a command.
 *
 * @param words the command line after the name of the command
 * @throws UsageError for an unknown option, and for an option without its value
 */
export function optionsIn({ name, options }: Command, words: string[]) {
  const all = { ...options, ...COMMON_OPTIONS };
  try {
    return parseArgs({ args: words, options: all }).values;
  } catch (error) {
    const wrong = wrongIn(error as NodeJS.ErrnoException, Object.keys(all));
    throw new UsageError(`${name}: ${wrong} ${PROGRAM} ${name} --help lists its options.`);
  }
}

/** Returns the message of `parseArgs`. For an unknown option or word, only its first sentence is about the mistake. */
function wrongIn({ code, message }: NodeJS.ErrnoException, options: readonly string[]): string {
  const isUnknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' || code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL';
  if (isUnknown) return `${message.split('. ')[0]!}.${meantBy(message, options)}`;
  const sentences = message.replaceAll(/(?<![.?])\n/g, '. ').replaceAll('\n', ' ');
  return `${sentences.replace(/\.$/, '')}.`;
}

function meantBy(message: string, options: readonly string[]): string {
  const [, given] = /^Unknown option '--([^']+)'/.exec(message) ?? [];
  const meant = given === undefined ? undefined : closest(given, options);
  return meant === undefined ? '' : ` Did you mean --${meant}?`;
}
