import { visibleStack } from '../shared/visible.js';
import { argumentOf, commandOf, optionsIn } from './command-line.js';
import { COMMANDS } from './commands/index.js';
import { messageOf } from './error-message.js';
import { commandHelp, programHelp } from './help.js';
import { PROGRAM } from './program.js';
import { withUsualOptions } from './settings.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';
import { ownVersion } from './version.js';
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
  if (name === 'help' && words[0] !== undefined) return terminal.print(commandHelp(commandOf(COMMANDS, words[0])));
  if (['--help', '-h', 'help'].includes(name)) return terminal.print(programHelp(COMMANDS));
  if (['--version', '-V', '-v'].includes(name)) return terminal.print(ownVersion());
  const command = commandOf(COMMANDS, name);
  const { given, argument } = optionsIn(command, words);
  if (given.help) return terminal.print(commandHelp(command));
  await command.run(withUsualOptions(given), terminal, argumentOf(command, argument));
}
