import type { CliOptions, Given } from './cli-option.js';
import type { COMMON_OPTIONS } from './common-options.js';
import type { Terminal } from './terminal.js';

/** An example of the help: a command line without the program's name, and what it does. */
export type Example = readonly [line: string, does: string];

/** One command. */
export interface Command<Options extends CliOptions = CliOptions> {
  readonly name: string;
  /** What it does, in a line. */
  readonly summary: string;
  /** What to know of it, in lines of at most 100 characters. */
  readonly details: readonly string[];
  readonly options: Options;
  readonly examples: readonly Example[];
  /** Runs it. What goes wrong is thrown. */
  run(given: Given<Options & typeof COMMON_OPTIONS>, terminal: Terminal): Promise<void>;
}

/** Declares a command, so that `run` is given its options by their types. */
export function defineCommand<const Options extends CliOptions>(command: Command<Options>): Command {
  return command as unknown as Command;
}
