import { tableStatistics, type RangeCount, type TableStatistics } from '../../persistence/table-statistics.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { withSessions } from '../open-sessions.js';
import { inFigures } from '../plural.js';
import { printJson } from '../print-json.js';
import { textTable } from '../text-table.js';

export const stats = defineCommand({
  name: 'stats',
  summary: 'prints the number of sessions, their sizes, and how often they were written.',
  details: [
    'The column lock_version counts the commits of a session after its first. The table does not record',
    'conflicts between requests. If a few sessions have many commits, conflicts are likely, but not certain.',
    'The command reads the whole table.',
  ],
  options: { json: JSON_OPTION },
  examples: [
    ['stats', 'Prints a table.'],
    ['stats --json | jq .live', 'Prints only the number of live sessions.'],
  ],
  run: (given, terminal) =>
    withSessions(given, async ({ database }) => {
      const found = await tableStatistics(database);
      if (given.json) printJson(terminal, found);
      else terminal.print(shown(found));
    }),
});

function shown({ live, expired, bytes, locked, commits }: TableStatistics): string {
  const rows: [string, string][] = [
    ['Live sessions', inFigures(live)],
    ['Expired, not pruned yet', inFigures(expired)],
    ['Average size', `${inFigures(bytes.average)} bytes`],
    ['Greatest size', `${inFigures(bytes.greatest)} bytes`],
    ['Total size', `${inFigures(bytes.total)} bytes`],
    ['Locked now', inFigures(locked)],
  ];
  return textTable([
    ...rows,
    ...(commits ?? []).map((range) => [`With ${rangeOf(range)} commits after the first`, inFigures(range.sessions)] as const),
  ]);
}

function rangeOf({ from, to }: RangeCount): string {
  if (from === to) return from === 0 ? 'no' : inFigures(from);
  return to === undefined ? `${inFigures(from)} or more` : `${inFigures(from)} to ${inFigures(to)}`;
}
