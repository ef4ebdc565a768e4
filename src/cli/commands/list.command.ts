import { handleOf } from '../../security/session-handle.js';
import { escaped } from '../../shared/shown-keys.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { newestSessions } from '../newest-sessions.js';
import { withSessions, type OpenSessions } from '../open-sessions.js';
import { printJson } from '../print-json.js';
import { required } from '../required.js';
import { listed, sessionTable, type ListedSession } from '../session-table.js';
import { inFigures } from '../plural.js';
import { wholeNumber } from '../whole-number.js';

/** The number of sessions of all users that are listed without --limit. */
const LIMIT = 50;

export const list = defineCommand({
  name: 'list',
  summary: 'lists the live sessions, newest first: all of them, or those of a user.',
  details: [
    'A handle identifies a session. It is not secret: it does not open the session. The sessions of a user are',
    'found by the column user_id, which the app fills with its option `userId`. Without --user, the command',
    'reads the whole table.',
  ],
  options: {
    user: { type: 'string', value: '<id>', help: 'The user id, as the app has it. Default: all users.' },
    limit: { type: 'string', value: '<n>', help: `List at most this many. Default: ${LIMIT}, and all sessions with --user.` },
    json: JSON_OPTION,
  },
  examples: [
    ['list --user 42', 'Shows when each session began, was last written, and ends.'],
    ["list --user 42 --json | jq -r '.[].handle'", 'Prints only the handles.'],
    ['list --limit 10', 'Shows the 10 newest sessions of all users.'],
  ],
  run: ({ user, limit: given, json, ...common }, terminal) => {
    if (user !== undefined) required('list', 'user', user);
    const limit = given === undefined ? (user ? Infinity : LIMIT) : wholeNumber('list', 'limit', given);
    return withSessions(common, async (sessions) => {
      const found = await (user ? ofUser(sessions, user) : ofAll(sessions, limit));
      const shown = found.slice(0, limit);
      if (json) printJson(terminal, shown.map(listed));
      else if (shown.length > 0) terminal.print(sessionTable(shown));
      else terminal.print(user ? `User "${escaped(user)}" has no live session.` : 'There is no live session.');
      const newest = limit === 1 ? 'session is' : `${inFigures(limit)} sessions are`;
      if (found.length > limit) terminal.note(`Only the newest ${newest} listed. Give a higher --limit to see more.`);
    });
  },
});

function ofUser({ service }: OpenSessions, userId: string): Promise<readonly ListedSession[]> {
  return service.list({ userId });
}

/** Returns one more than the limit, if there are more. */
async function ofAll({ database, devices, options }: OpenSessions, limit: number): Promise<readonly ListedSession[]> {
  const found = await newestSessions(database, limit + 1);
  return found.map((row) => {
    const { storageKey, userId, createdAt, updatedAt, expiresAt } = row;
    const session = { handle: handleOf(storageKey), userId, createdAt, updatedAt, expiresAt };
    return options.devices ? { ...devices.open(row), ...session } : session;
  });
}
