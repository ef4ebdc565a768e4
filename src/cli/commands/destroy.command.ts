import { escaped } from '../../shared/shown-keys.js';
import { abbreviate } from '../../smart-session.errors.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { DestroyReport } from '../destroy-report.js';
import { isYes } from '../is-yes.js';
import { withSessions, type OpenSessions } from '../open-sessions.js';
import { count } from '../plural.js';
import { HANDLE } from '../handle.js';
import { sessionIdIn } from '../session-id.js';
import type { Terminal } from '../terminal.js';
import { UsageError } from '../usage-error.js';

export const destroy = defineCommand({
  name: 'destroy',
  summary: 'destroys sessions: all sessions of a user, one of them, or one by its id.',
  details: [
    'A request that has already loaded the session does not restore it. The command asks before it destroys',
    "all of a user's sessions. Without a terminal, --yes is required. It is an error if the session does not",
    "exist, but not if a user has no sessions. The app's events do not report these sessions.",
  ],
  options: {
    user: { type: 'string', value: '<id>', help: 'The user id, as the app has it.' },
    handle: { type: 'string', value: '<handle>', pattern: HANDLE, help: 'With --user: only this session. `list` shows the handles.' },
    session: { type: 'string', value: '<id>', help: "The session id, or the cookie's value." },
    yes: { type: 'boolean', short: 'y', help: 'Do not ask.' },
    json: JSON_OPTION,
  },
  examples: [
    ['destroy --user 42', 'Lists the newest sessions of the user, asks, and destroys all.'],
    ['destroy --user 42 --yes', 'Destroys them without a question, for a script.'],
    ['destroy --user 42 --handle Zk3xQ0cTq1mVJv4yYb1oXw', 'Destroys one of them.'],
    ["destroy --session 's:abc123.fgh456'", 'Destroys the session of a cookie.'],
  ],
  run: ({ user, handle, session, yes = false, json = false, ...given }, terminal) => {
    const isOfUser = Boolean(user) && session === undefined;
    const isById = Boolean(session) && user === undefined && handle === undefined;
    if (!isOfUser && !isById)
      throw new UsageError('destroy: give either --user <id>, with or without --handle <handle>, or --session <id>.');
    return withSessions(given, async (sessions) => {
      const report = new DestroyReport(terminal, json);
      if (session) return destroyById(sessions, session, report);
      if (handle !== undefined) return destroyOne(sessions, user!, handle, report);
      return destroyAll(sessions, user!, yes, terminal, report);
    });
  },
});

async function destroyById({ service, repository, codec }: OpenSessions, given: string, report: DestroyReport): Promise<void> {
  const sessionId = sessionIdIn(given);
  const storageKey = codec.storageKeyOf(sessionId);
  const name = `session ${abbreviate(storageKey)}`;
  if (!(await repository.load(storageKey))) throw new Error(`there is no live ${name}.`);
  await service.destroy(sessionId);
  report.done(1, `Destroyed ${name}.`);
}

async function destroyOne({ service }: OpenSessions, userId: string, handle: string, report: DestroyReport): Promise<void> {
  if (!(await service.destroyOne({ userId, handle }))) throw new Error(`user "${escaped(userId)}" has no live session ${handle}.`);
  report.done(1, `Destroyed session ${handle} of user "${escaped(userId)}".`);
}

async function destroyAll(
  { service }: OpenSessions,
  userId: string,
  isSure: boolean,
  terminal: Terminal,
  report: DestroyReport,
): Promise<void> {
  const user = `user "${escaped(userId)}"`;
  if (!isSure && !terminal.isInteractive)
    throw new UsageError(`destroy: there is no terminal to confirm that all sessions of ${user} are destroyed. Give --yes.`);
  const live = await service.list({ userId });
  if (live.length === 0) return report.done(0, `User "${escaped(userId)}" has no live session.`);
  report.list(live);
  if (!isSure && !isYes(await terminal.ask(`Destroy ${count(live.length, 'session')} of ${user}? [y/N] `))) return report.declined();
  const destroyed = await service.destroyAll({ userId });
  report.done(destroyed, `Destroyed ${count(destroyed, 'session')} of ${user}.`);
}
