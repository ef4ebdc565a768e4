import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { withSessions } from '../open-sessions.js';
import { count } from '../plural.js';
import { printJson } from '../print-json.js';

export const prune = defineCommand({
  name: 'prune',
  summary: 'deletes the expired sessions.',
  details: [
    'It deletes in batches. Each batch is a short transaction and skips locked rows. The app does the same while',
    'it runs, unless its option `pruneInterval` is false. In that case, run this command regularly.',
  ],
  options: { json: JSON_OPTION },
  examples: [['prune --options dist/session-options.js', 'Deletes the expired sessions and prints their number.']],
  run: (given, terminal) =>
    withSessions(given, async ({ service }) => {
      const deleted = await service.prune();
      if (given.json) printJson(terminal, { deleted });
      else terminal.print(`Deleted ${count(deleted, 'expired session')}.`);
    }),
});
