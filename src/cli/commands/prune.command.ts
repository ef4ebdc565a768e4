import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { expiredBacklog } from '../expired-backlog.js';
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
  options: { 'dry-run': { type: 'boolean', help: 'Delete nothing. Print how many sessions would be deleted.' }, json: JSON_OPTION },
  examples: [
    ['prune --options dist/session-options.js', 'Deletes the expired sessions and prints their number.'],
    ['prune --dry-run', 'Prints only their number.'],
  ],
  run: ({ 'dry-run': dryRun = false, json, ...given }, terminal) =>
    withSessions(given, async ({ service, database }) => {
      const deleted = dryRun ? (await expiredBacklog(database)).rows : await service.prune();
      if (json) printJson(terminal, { dryRun, deleted });
      else terminal.print(`${dryRun ? 'Would delete' : 'Deleted'} ${count(deleted, 'expired session')}.`);
    }),
});
