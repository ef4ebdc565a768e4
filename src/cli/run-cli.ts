import { parseArgs } from 'node:util';
import { visibleStack } from '../shared/visible.js';
import type { Command } from './command.js';
import { COMMANDS } from './commands/index.js';
import { COMMON_OPTIONS } from './common-options.js';
import { messageOf } from './error-message.js';
import { PROGRAM, commandHelp, programHelp } from './help.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';
import { VisibleTerminal } from './visible-terminal.js';

/**
 * Runs a command line.
 *
 * @param words the command line without the program's name
 * @param processTerminal the terminal for the output and the answers
 * @returns the exit code: 0, 1 after a failure, 2 for a wrong command line
 */
export async function runCli(words: readonly string[], processTerminal: Terminal): Promise<number> {
  const terminal = new VisibleTerminal(processTerminal);
  try {
    await runCommand(words, terminal);
    return 0;
  } catch (error) {
    terminal.note(process.env.DEBUG && error instanceof Error ? visibleStack(`${error.stack}`) : `${PROGRAM}: ${messageOf(error)}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

async function runCommand([name, ...words]: readonly string[], terminal: Terminal): Promise<void> {
  if (name === undefined) throw new UsageError(`no command was given. ${PROGRAM} --help lists the commands.`);
  if (name === 'help' && words[0] !== undefined) return terminal.print(commandHelp(commandOf(words[0])));
  if (['--help', '-h', 'help'].includes(name)) return terminal.print(programHelp(COMMANDS));
  const command = commandOf(name);
  const given = parse(command, words);
  if (given.help) return terminal.print(commandHelp(command));
  await command.run(given, terminal);
}

function commandOf(name: string): Command {
  const found = COMMANDS.find((command) => command.name === name);
  if (found) return found;
  throw new UsageError(`"${name}" is not a command. Give one of ${COMMANDS.map((command) => command.name).join(', ')} first.`);
}

function parse({ name, options }: Command, words: string[]) {
  try {
    return parseArgs({ args: words, options: { ...options, ...COMMON_OPTIONS } }).values;
  } catch (error) {
    throw new UsageError(`${name}: ${wrongIn(error as NodeJS.ErrnoException)}. ${PROGRAM} ${name} --help lists its options.`);
  }
}

/** Returns the message of `parseArgs`. For an unknown option or word, only its first sentence is about the mistake. */
function wrongIn({ code, message }: NodeJS.ErrnoException): string {
  const isUnknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' || code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL';
  return isUnknown
    ? message.split('. ')[0]!
    : message
        .replaceAll(/(?<![.?])\n/g, '. ')
        .replaceAll('\n', ' ')
        .replace(/\.$/, '');
}
