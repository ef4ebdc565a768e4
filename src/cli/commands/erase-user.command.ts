import { escaped } from '../../shared/shown-keys.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { isYes } from '../is-yes.js';
import { withSessions } from '../open-sessions.js';
import { count } from '../plural.js';
import { notePreviousStore } from '../previous-store-note.js';
import { printJson } from '../print-json.js';
import { required } from '../required.js';
import { UsageError } from '../usage-error.js';

export const eraseUser = defineCommand({
  name: 'erase-user',
  summary: 'erases everything that is stored about a user: live sessions, and expired ones.',
  details: [
    'Lock the account of the user first: a later login makes a new session. A request that has already loaded',
    'a session does not restore it. The command asks before it erases. Without a terminal, --yes is required.',
    "It is no error if nothing is stored about the user. The app's events do not report these sessions.",
  ],
  options: {
    user: { type: 'string', value: '<id>', help: 'The user id, as the app has it.' },
    yes: { type: 'boolean', short: 'y', help: 'Do not ask.' },
    json: JSON_OPTION,
  },
  examples: [
    ['erase-user --user 42', 'Asks, and erases the sessions of the user.'],
    ['erase-user --user 42 --yes --json', 'Erases them without a question, for a script.'],
  ],
  run: ({ user, yes: isSure = false, json = false, ...given }, terminal) => {
    const userId = required('erase-user', 'user', user);
    const name = `user "${escaped(userId)}"`;
    if (!isSure && !terminal.isInteractive)
      throw new UsageError(`erase-user: there is no terminal to confirm that everything about ${name} is erased. Give --yes.`);
    return withSessions(given, async ({ service, options }) => {
      const done = (erased: number, sentence: string) => (json ? printJson(terminal, { erased }) : terminal.print(sentence));
      const isRefused = async () => {
        const stored = (await service.exportUser(userId)).sessions.length;
        return stored > 0 && !isYes(await terminal.ask(`Erase ${count(stored, 'session')} of ${name}? [y/N] `));
      };
      if (!isSure && (await isRefused())) {
        terminal.note('Nothing was erased.');
        if (json) printJson(terminal, { erased: 0 });
        return;
      }
      const erased = await service.eraseUser(userId);
      done(erased, `Erased ${count(erased, 'session')} of ${name}.`);
      notePreviousStore(terminal, options);
    });
  },
});
