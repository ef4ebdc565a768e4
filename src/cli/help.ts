import type { CliOptions } from './cli-option.js';
import type { Command, Example } from './command.js';
import { COMMON_OPTIONS } from './common-options.js';
import { PROGRAM } from './program.js';

/** Returns the help of the program. */
export function programHelp(commands: readonly Command[]): string {
  return [
    `${PROGRAM}: manages the sessions table of nestjs-smart-session.`,
    `Usage: ${PROGRAM} <command> [options]`,
    section(
      'Commands',
      commands.map(({ name, summary }) => [name, summary]),
    ),
    section('Options of every command', optionRows(COMMON_OPTIONS)),
    section('Examples', exampleRows(commands.map(({ examples }) => examples[0]!))),
    [
      'The database is that of `connection` or `client` in the options, or else that of the MikroORM configuration.',
      'The configuration is found as by `mikro-orm`: through `configPaths` in the section mikro-orm of',
      'package.json, through MIKRO_ORM_CLI_CONFIG and its other variables, or as ./mikro-orm.config.js.',
      'Other options of the app, such as encryption, are read with --options.',
      'The exit code is 0 for success, 1 for a failure, and 2 for a wrong command line. DEBUG=1 prints the',
      'stack trace.',
    ].join('\n'),
    `${PROGRAM} <command> --help describes a command. ${PROGRAM} --version prints the version.`,
  ].join('\n\n');
}

/** Returns the help of one command. */
export function commandHelp({ name, summary, details, argument, options, examples }: Command): string {
  return [
    `${PROGRAM} ${name}: ${summary}`,
    `Usage: ${PROGRAM} ${name} ${argument ? `${argument.value} ` : ''}[options]`,
    details.join('\n'),
    ...(argument ? [section('Argument', [[argument.value, argument.help]])] : []),
    ...(Object.keys(options).length === 0 ? [] : [section('Options', optionRows(options))]),
    section('Examples', exampleRows(examples)),
    `Options of every command: ${Object.keys(COMMON_OPTIONS)
      .map((option) => `--${option}`)
      .join(', ')}. ${PROGRAM} --help describes them.`,
  ].join('\n\n');
}

type HelpRow = readonly [left: string, right: string];

function section(title: string, rows: readonly HelpRow[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return [`${title}:`, ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`)].join('\n');
}

function optionRows(options: CliOptions): HelpRow[] {
  return Object.entries(options).map(([name, { short, value, help }]) => [
    `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`,
    help,
  ]);
}

function exampleRows(examples: readonly Example[]): HelpRow[] {
  return examples.map(([line, does]) => [`${PROGRAM} ${line}`, does]);
}
