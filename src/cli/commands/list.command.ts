import { escaped } from '../../shared/shown-keys.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { withSessions } from '../open-sessions.js';
import { printJson } from '../print-json.js';
import { required } from '../required.js';
import { listed, sessionTable } from '../session-table.js';

export const list = defineCommand({
  name: 'list',
  summary: 'lists the live sessions of a user, newest first.',
  details: [
    'A handle identifies a session. It is not secret: it does not open the session. The sessions are found by',
    'the column user_id, which the app fills with its option `userId`.',
  ],
  options: {
    user: { type: 'string', value: '<id>', help: 'The user id, as the app has it. Required.' },
    json: JSON_OPTION,
  },
  examples: [
    ['list --user 42', 'Shows when each session began, was last written, and ends.'],
    ["list --user 42 --json | jq -r '.[].handle'", 'Prints only the handles.'],
  ],
  run: (given, terminal) => {
    const userId = required('list', 'user', given.user);
    return withSessions(given, async ({ service }) => {
      const sessions = await service.list({ userId });
      if (given.json) printJson(terminal, sessions.map(listed));
      else terminal.print(sessions.length === 0 ? `User "${escaped(userId)}" has no live session.` : sessionTable(sessions));
    });
  },
});
