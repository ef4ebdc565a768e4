import type { CliOptions } from './cli-option.js';
import type { Command, Example } from './command.js';
import { COMMON_OPTIONS } from './common-options.js';

/** How the program is called. */
export const PROGRAM = 'smart-session';

/** The help of the program. */
export function programHelp(commands: readonly Command[]): string {
  return [
    `${PROGRAM}: looks after the sessions table of nestjs-smart-session.`,
    `Usage: ${PROGRAM} <command> [options]`,
    section(
      'Commands',
      commands.map(({ name, summary }) => [name, summary]),
    ),
    section('Options of every command', optionRows(COMMON_OPTIONS)),
    section('Examples', exampleRows(commands.map(({ examples }) => examples[0]!))),
    [
      'The database is that of `connection` in the options, or else of the MikroORM configuration, which is found as by',
      '`mikro-orm`: by `configPaths` in the section mikro-orm of package.json, by MIKRO_ORM_CLI_CONFIG and its other',
      'variables, or as ./mikro-orm.config.js. What the app gives to forRoot besides, such as encryption, comes with',
      '--options. Exits with 1 when something failed, and with 2 for a wrong command line. DEBUG=1 shows where it failed.',
    ].join('\n'),
    `${PROGRAM} <command> --help tells more of a command.`,
  ].join('\n\n');
}

/** The help of one command. */
export function commandHelp({ name, summary, details, options, examples }: Command): string {
  return [
    `${PROGRAM} ${name}: ${summary}`,
    `Usage: ${PROGRAM} ${name} [options]`,
    details.join('\n'),
    ...(Object.keys(options).length === 0 ? [] : [section('Options', optionRows(options))]),
    section('Examples', exampleRows(examples)),
    `Besides: ${Object.keys(COMMON_OPTIONS)
      .map((option) => `--${option}`)
      .join(', ')}, which ${PROGRAM} --help explains.`,
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
