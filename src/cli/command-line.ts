import { parseArgs } from 'node:util';
import type { CliOptions } from './cli-option.js';
import type { Argument, Command } from './command.js';
import { closest } from '../shared/closest.js';
import { COMMON_OPTIONS } from './common-options.js';
import { PROGRAM } from './program.js';
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
 * Reads the options and the argument of a command.
 *
 * @param words the command line after the name of the command
 * @throws UsageError for an unknown option, for an option without its value, and for a word too many
 */
export function optionsIn({ name, argument, options }: Command, words: readonly string[]) {
  const all = { ...options, ...COMMON_OPTIONS };
  try {
    const joined = withDashedValues(words, all);
    const args = argument ? withDashedArgument(joined, argument, Object.keys(all)) : joined;
    const { values, positionals, tokens } = parseArgs({ args, options: all, allowPositionals: argument !== undefined, tokens: true });
    refuseTwice(name, tokens, all);
    refuseOtherForms(name, values, all);
    if (positionals.length > 1) throw new UsageError(`${name}: "${positionals[1]}" is one word too many. ${helpOf(name)}`);
    return { given: values, argument: positionals[0] };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const wrong = wrongIn(error as NodeJS.ErrnoException, Object.keys(all));
    throw new UsageError(`${name}: ${wrong} ${PROGRAM} ${name} --help lists its options.`);
  }
}

/**
 * Returns the argument of a command, or an empty text if it takes none.
 *
 * @throws UsageError if it is missing or has another form
 */
export function argumentOf({ name, argument }: Command, given: string | undefined): string {
  if (!argument) return '';
  if (given === undefined) throw new UsageError(`${name}: ${argument.value} is missing. ${helpOf(name)}`);
  if (!argument.pattern.test(given)) throw new UsageError(`${name}: "${given}" is not a ${argument.value}. ${helpOf(name)}`);
  return given;
}

/** Refuses an option with two values, because each of them may be the intended one. */
function refuseTwice(command: string, tokens: readonly Token[], options: CliOptions): void {
  const seen = new Set<string>();
  for (const { name, value } of tokens) {
    if (name === undefined || value === undefined || options[name]?.multiple) continue;
    if (seen.has(name)) throw new UsageError(`${command}: --${name} was given twice. Give it once.`);
    seen.add(name);
  }
}

/** A part of the command line. Only an option has a name. */
type Token = { readonly index: number; readonly name?: string; readonly value?: string | boolean | undefined };

function refuseOtherForms(command: string, values: Readonly<Record<string, unknown>>, options: CliOptions): void {
  for (const [name, value] of Object.entries(values)) {
    const { pattern, value: shown } = options[name] ?? {};
    if (pattern && !pattern.test(String(value)))
      throw new UsageError(`${command}: --${name}: "${value}" is not a ${shown}. ${helpOf(command)}`);
  }
}

/** Joins an option with a value that begins with a dash and has the option's form. `parseArgs` would refuse it. */
function withDashedValues(words: readonly string[], options: CliOptions): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const option = joined.at(-1)?.replace(/^--/, '') ?? '';
    if (word.startsWith('-') && options[option]?.pattern?.test(word)) joined.push(`${joined.pop()}=${word}`);
    else joined.push(word);
  }
  return joined;
}

/** Puts an argument that begins with a dash behind `--`, so that it is not read as an option. */
function withDashedArgument(words: readonly string[], { pattern }: Argument, options: readonly string[]): string[] {
  const isOne = (word: string) => word.startsWith('-') && pattern.test(word) && !options.includes(word.slice(2));
  const found = words.filter(isOne);
  return found.length === 0 || words.includes('--') ? [...words] : [...words.filter((word) => !isOne(word)), '--', ...found];
}

function helpOf(name: string): string {
  return `${PROGRAM} ${name} --help describes it.`;
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
