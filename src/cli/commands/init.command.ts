import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { initApp } from '../init/init-app.js';
import { NotesTerminal } from '../notes-terminal.js';
import { printJson } from '../print-json.js';
import { UsageError } from '../usage-error.js';

export const init = defineCommand({
  name: 'init',
  summary: 'sets up an app: writes the secret and a migration, and prints the lines for its module.',
  details: [
    'Run it in the folder of a Nest app. It looks at package.json, and asks at most three questions. It writes',
    'SESSION_SECRET into .env if there is none, and a migration if you want one. It shows each change, and asks',
    'before it writes. It does not edit app.module.ts: it prints the lines for it. A second run changes nothing.',
    'Without a terminal, --yes or --dry-run is required.',
  ],
  options: {
    'user-key': { type: 'string', value: '<key>', help: 'The key of the session that holds the id of the user. Default: userId.' },
    migration: { type: 'string', value: '<folder>', help: 'Write a migration into this folder. Default: the folder that has migrations.' },
    'create-table': { type: 'boolean', help: 'Write no migration: the app creates the tables at its start.' },
    'dry-run': { type: 'boolean', help: 'Print everything, and write nothing.' },
    yes: { type: 'boolean', short: 'y', help: 'Take the defaults, and write without a question.' },
    json: JSON_OPTION,
  },
  examples: [
    ['init', 'Asks, and sets up the app.'],
    ['init --yes', 'Takes the defaults.'],
    ['init --dry-run --dialect mariadb', 'Shows what it would do on MariaDB.'],
  ],
  run: async (given, terminal) => {
    for (const option of ['config', 'contextName', 'options'] as const)
      if (given[option] !== undefined) throw new UsageError(`init: --${option} was given. It has no effect here, so leave it out.`);
    const { dialect, migration, table: tableName, schema } = given;
    const answers = { dialect, migration, tableName, schema, userKey: given['user-key'], createTable: given['create-table'] ?? false };
    const mode = { yes: given.yes ?? false, dryRun: given['dry-run'] ?? false };
    if (given.json) printJson(terminal, await initApp('.', answers, mode, new NotesTerminal(terminal)));
    else await initApp('.', answers, mode, terminal);
  },
});
