import type { CliOptions } from './cli-option.js';

/** The options that every command has. */
export const COMMON_OPTIONS = {
  config: {
    type: 'string',
    multiple: true,
    value: '<file>',
    help: "MikroORM's configuration. Default: where `mikro-orm` looks for it.",
  },
  contextName: { type: 'string', value: '<name>', help: 'The context name in that file. Default: default.' },
  options: {
    type: 'string',
    value: '<file>',
    help: 'A module that exports the options that the app gives to forRoot. Default: smart-session.options.mjs, if there is one.',
  },
  dialect: { type: 'string', value: '<name>', help: "postgresql, mysql, mariadb or sqlite. Default: the connection's." },
  table: { type: 'string', value: '<name>', help: "The sessions table. Default: the option tableName, the entity's, or sessions." },
  schema: {
    type: 'string',
    value: '<name>',
    help: "The table's schema. Default: the option schema, the entity's, or the connection's own.",
  },
  help: { type: 'boolean', short: 'h', help: 'Print this.' },
} as const satisfies CliOptions;

/** The option of commands that print a result. */
export const JSON_OPTION = { type: 'boolean', help: 'Print JSON.' } as const;
