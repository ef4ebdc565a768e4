import type { CliOptions, Given } from './cli-option.js';
import type { COMMON_OPTIONS } from './common-options.js';
import type { Terminal } from './terminal.js';

/** An example for the help: a command line without the program's name, and its effect. */
export type Example = readonly [line: string, does: string];

/** The word that a command takes besides its options. It is required. */
export interface Argument {
  /** Its name in the help, such as `<handle>`. */
  readonly value: string;
  readonly help: string;
  /** Its form. A word of this form is the argument even if it begins with a dash. */
  readonly pattern: RegExp;
}

/** One command. */
export interface Command<Options extends CliOptions = CliOptions> {
  readonly name: string;
  /** Its effect, in one line. */
  readonly summary: string;
  /** More about it, in lines of at most 100 characters. */
  readonly details: readonly string[];
  readonly argument?: Argument;
  readonly options: Options;
  readonly examples: readonly Example[];
  /**
   * Runs the command. Failures are thrown.
   *
   * @param argument empty for a command without one
   */
  run(given: Given<Options & typeof COMMON_OPTIONS>, terminal: Terminal, argument: string): Promise<void>;
}

/** Declares a command, so that the options of `run` have types. */
export function defineCommand<const Options extends CliOptions>(command: Command<Options>): Command {
  return command as unknown as Command;
}
