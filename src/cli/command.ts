import type { CliOptions, Given } from './cli-option.js';
import type { COMMON_OPTIONS } from './common-options.js';
import type { Terminal } from './terminal.js';

/** An example for the help: a command line without the program's name, and its effect. */
export type Example = readonly [line: string, does: string];

/** One command. */
export interface Command<Options extends CliOptions = CliOptions> {
  readonly name: string;
  /** Its effect, in one line. */
  readonly summary: string;
  /** More about it, in lines of at most 100 characters. */
  readonly details: readonly string[];
  readonly options: Options;
  readonly examples: readonly Example[];
  /** Runs the command. Failures are thrown. */
  run(given: Given<Options & typeof COMMON_OPTIONS>, terminal: Terminal): Promise<void>;
}

/** Declares a command, so that the options of `run` have types. */
export function defineCommand<const Options extends CliOptions>(command: Command<Options>): Command {
  return command as unknown as Command;
}
