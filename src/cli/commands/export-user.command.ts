import { escaped } from '../../shared/shown-keys.js';
import { defineCommand } from '../command.js';
import { withSessions } from '../open-sessions.js';
import { count } from '../plural.js';
import { notePreviousStore } from '../previous-store-note.js';
import { printJson } from '../print-json.js';
import { required } from '../required.js';

export const exportUser = defineCommand({
  name: 'export-user',
  summary: 'prints everything that is stored about a user, as JSON.',
  details: [
    'It prints the values of the sessions, which may contain secrets such as tokens of other services. Expired',
    'sessions that were not pruned yet are among them. If sessions are encrypted, --options must have the keys.',
    'If a session cannot be read, its `data` is null, `unreadable` says why, and the exit code is 1.',
  ],
  options: {
    user: { type: 'string', value: '<id>', help: 'The user id, as the app has it.' },
    json: { type: 'boolean', help: 'Has no effect here: the output is always JSON.' },
  },
  examples: [['export-user --user 42 > user-42.json', 'Writes the data of the user to a file.']],
  run: ({ user, json: _json, ...given }, terminal) => {
    const userId = required('export-user', 'user', user);
    return withSessions(given, async ({ service, options }) => {
      const exported = await service.exportUser(userId);
      printJson(terminal, exported);
      notePreviousStore(terminal, options);
      const unreadable = exported.sessions.filter(({ data }) => data === null).length;
      if (unreadable > 0) throw new Error(`export-user: ${count(unreadable, 'session')} of user "${escaped(userId)}" cannot be read.`);
    });
  },
});
