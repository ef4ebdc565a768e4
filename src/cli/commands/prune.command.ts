import { defineCommand } from '../command.js';
import { withSessions } from '../open-sessions.js';
import { count } from '../plural.js';

export const prune = defineCommand({
  name: 'prune',
  summary: 'deletes the expired sessions.',
  details: [
    'It deletes in batches. Each batch is a short transaction and skips locked rows. The app does the same while',
    'it runs, unless its option `pruneInterval` is false. In that case, run this command regularly.',
  ],
  options: {},
  examples: [['prune --options dist/session-options.js', 'Deletes the expired sessions and prints their number.']],
  run: (given, terminal) =>
    withSessions(given, async ({ service }) => terminal.print(`Deleted ${count(await service.prune(), 'expired session')}.`)),
});
