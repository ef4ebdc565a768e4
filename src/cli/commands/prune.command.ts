import { defineCommand } from '../command.js';
import { withSessions } from '../open-sessions.js';
import { count } from '../plural.js';

export const prune = defineCommand({
  name: 'prune',
  summary: 'deletes the expired sessions.',
  details: [
    'They go in batches, each a short transaction of its own that passes over rows which others hold locked. The app',
    'does the same while it runs, unless its option `pruneInterval` is false: then run this from time to time.',
  ],
  options: {},
  examples: [['prune --options dist/session-options.js', 'Deletes the expired sessions, and says how many.']],
  run: (given, terminal) =>
    withSessions(given, async ({ service }) => terminal.print(`Deleted ${count(await service.prune(), 'expired session')}.`)),
});
