import { escaped } from '../../shared/shown-keys.js';
import type { UserSession } from '../../services/session.service.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { withSessions } from '../open-sessions.js';
import { required } from '../required.js';
import { textTable } from '../text-table.js';

export const list = defineCommand({
  name: 'list',
  summary: "lists a user's live sessions, the newest first.",
  details: [
    'A handle names a session, and is no secret: it opens none. The sessions are found by their column user_id, which',
    'the app fills by its option `userId`.',
  ],
  options: {
    user: { type: 'string', value: '<id>', help: 'The user id, as the app has it. Required.' },
    json: JSON_OPTION,
  },
  examples: [
    ['list --user 42', 'When each session began, was written last, and ends.'],
    ["list --user 42 --json | jq -r '.[].handle'", 'The handles alone.'],
  ],
  run: (given, terminal) => {
    const userId = required('list', 'user', given.user);
    return withSessions(given, async ({ service }) => {
      const sessions = await service.list({ userId });
      if (given.json) terminal.print(JSON.stringify(sessions.map(shown), undefined, 2));
      else terminal.print(sessions.length === 0 ? `User "${escaped(userId)}" has no live session.` : sessionTable(sessions));
    });
  },
});

/** Sessions as a table. */
export function sessionTable(sessions: readonly UserSession[]): string {
  const rows = sessions.map(shown).map(({ handle, createdAt, updatedAt, expiresAt }) => [handle, createdAt, updatedAt, expiresAt]);
  return textTable([['HANDLE', 'CREATED', 'UPDATED', 'EXPIRES'], ...rows]);
}

/** Which session asks is nothing that a command line knows. */
function shown({ handle, createdAt, updatedAt, expiresAt }: UserSession) {
  return { handle, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString(), expiresAt: expiresAt.toISOString() };
}
