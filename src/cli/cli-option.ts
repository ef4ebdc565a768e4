import type { ParseArgsOptionDescriptor, parseArgs } from 'node:util';

/** An option of a command. `parseArgs` and the help use it. */
export interface CliOption extends ParseArgsOptionDescriptor {
  /** The name of its value in the help, such as `<file>`. Absent for a flag. */
  readonly value?: string;
  readonly help: string;
  /** The form of its value. A value of this form may begin with a dash. */
  readonly pattern?: RegExp;
}

/** Options by name, without the dashes. */
export type CliOptions = Readonly<Record<string, CliOption>>;

/** The given values of these options, as `parseArgs` returns them. */
export type Given<Options extends CliOptions> = ReturnType<typeof parseArgs<{ options: Options }>>['values'];
