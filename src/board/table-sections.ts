import type { RangeCount, TableStatistics } from '../persistence/table-statistics.js';
import type { UserStatistics } from '../persistence/user-statistics.js';
import type { Board } from './board-data.js';
import { markup, type Html } from './html.js';
import { bytes, numberRow, tableOf } from './page-parts.js';

/** Shows the figures of the table and of this process. */
export function summary({ table: { live, expired, bytes: size, locked }, figures }: Board): Html {
  const all: [name: string, figure: string | number][] = [
    ['Live sessions', live],
    ['Expired, not pruned', expired],
    ['Average size', bytes(size.average)],
    ['Greatest size', bytes(size.greatest)],
    ['Locked now', locked],
    ['Loads', figures.loads.count],
    ['Commits', figures.commits.count],
    ['Conflicts', figures.conflicts],
    ['Retries', figures.retries],
    ['Joined batches', figures.joined.statements],
    ['Requests in them', figures.joined.requests],
  ];
  return markup`<dl class="figures">
    ${all.map(
      ([name, figure]) =>
        markup`<div>
          <dt>${name}</dt>
          <dd>${figure}</dd>
        </div>`,
    )}
  </dl>`;
}

/** Shows the live sessions by age, by size and by user. */
export function spread(board: Board): Html {
  const { ages, sizes } = board.table;
  return markup`<div class="columns narrow">
    ${rangesOf('Live sessions by age', 'Age', ages, ageOf)} ${rangesOf('Live sessions by size', 'Size', sizes, sizeOf)}
    ${board.users ? users(board.users, board.table) : ''}
  </div>`;
}

function rangesOf(title: string, head: string, ranges: readonly RangeCount[], nameOf: (range: RangeCount) => string): Html {
  return markup`<section>
    <h2>${title}</h2>
    ${tableOf(
      [head, '#Sessions'],
      ranges.map((range) => numberRow(nameOf(range), range.sessions)),
      '',
    )}
  </section>`;
}

function ageOf({ from, to }: RangeCount): string {
  if (to === undefined) return `${lengthOf(from)} or more`;
  return from === 0 ? `less than ${lengthOf(to)}` : `${lengthOf(from)} to ${lengthOf(to)}`;
}

function lengthOf(ms: number): string {
  const [n, unit] = ms < 86_400_000 ? [ms / 3_600_000, 'hour'] : [ms / 86_400_000, 'day'];
  return `${n} ${unit}${n === 1 ? '' : 's'}`;
}

function sizeOf({ from, to }: RangeCount): string {
  if (to === undefined) return `${from / 1000} kB or more`;
  return from === 0 ? `less than ${(to + 1) / 1000} kB` : `${from / 1000} to ${(to + 1) / 1000} kB`;
}

function users({ users: count, most }: UserStatistics, { withoutUser }: TableStatistics): Html {
  const rows = most.map((sessions, n) => numberRow(`${n + 1}.`, sessions));
  return markup`<section>
    <h2>Users with the most sessions</h2>
    <p class="pale">Users with a session: ${count}. Sessions without a user: ${withoutUser}. The ids of users are not shown.</p>
    ${tableOf(['User', '#Sessions'], rows, 'No user has a session.')}
  </section>`;
}
