import type { ParseArgsOptionDescriptor, parseArgs } from 'node:util';

/** An option of a command, for `parseArgs` and for the help. */
export interface CliOption extends ParseArgsOptionDescriptor {
  /** What stands for its value in the help, such as `<file>`; absent for a flag. */
  readonly value?: string;
  readonly help: string;
}

/** Options by name, without the dashes. */
export type CliOptions = Readonly<Record<string, CliOption>>;

/** What was given for these options, as `parseArgs` gives it. */
export type Given<Options extends CliOptions> = ReturnType<typeof parseArgs<{ options: Options }>>['values'];
