import { declarationOf } from '../commit/overwrite-detector.js';
import type { UserSession } from '../services/session.service.js';
import type { Board } from './board-data.js';
import { STYLE } from './board-style.js';
import { Html, markup } from './html.js';
import type { MinuteCounts } from './minute-counts.js';
import type { SlowestTimes } from './slowest-times.js';

/** From this many overwrites on, a key gets a warning. */
const AGAIN_AND_AGAIN = 3;

/**
 * Writes the page. It has names of keys, routes and handles, and no values and no session ids.
 *
 * @param ended `yes` or `no` after a session should have been ended
 */
export function boardPage(board: Board, ended: string | undefined): string {
  const { figures } = board;
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Sessions</title>
        <style>${new Html(STYLE)}</style>
      </head>
      <body>
        <header>
          <h1>Sessions</h1>
          <p class="pale">
            The table of all processes, and what this process has seen since ${time(figures.since)}. <a href="?">Load again</a>
          </p>
        </header>
        <main>
          ${warnings(board)} ${summary(board)} ${mergesPerMinute(figures.merges)} ${overwrittenKeys(board)} ${contested(board)}
          <div class="columns">
            ${slowest('Slowest loads', figures.loads)}${slowest('Slowest commits', figures.commits)}${pruning(board)}
          </div>
          ${devices(board, ended)}
        </main>
        <footer><p>The board shows names of keys and routes. It shows no values and no session ids.</p></footer>
      </body>
    </html> `;
  return page.text;
}

function warnings({ overwrites }: Board): Html[] {
  const keys = new Map<string, { rule: string; count: number }>();
  for (const { key, rule, count } of overwrites) keys.set(key, { rule, count: count + (keys.get(key)?.count ?? 0) });
  return Array.from(keys, ([key, found]) => ({ key, ...found }))
    .filter(({ count }) => count >= AGAIN_AND_AGAIN)
    .map(
      ({ key, rule, count }) =>
        markup`<div class="warning" role="note">
          <p>
            <strong><code>${key}</code> has no merge rule, and was overwritten ${count} times.</strong> Each time a change was lost.
          </p>
          <p>Declare one in the options of <code>SmartSessionModule</code>: <code>${declarationOf(key, rule)}</code></p>
        </div>`,
    );
}

function summary({ table: { live, expired, bytes: size, locked }, figures }: Board): Html {
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

function mergesPerMinute({ all }: MinuteCounts): Html {
  const most = Math.max(1, ...all);
  const sum = all.reduce((one, other) => one + other, 0);
  const bars = all.map(
    (count, n) => markup`<rect x="${n * 10}" y="${100 - (count / most) * 100}" width="8" height="${(count / most) * 100}" />`,
  );
  return markup`<section>
    <h2>Merges per minute</h2>
    <p class="pale">${sum} in the last hour, at most ${Math.max(...all)} in a minute, ${all.at(-1)} in the current one.</p>
    <svg viewBox="0 0 600 101" preserveAspectRatio="none" role="img" aria-label="Merges in each of the last 60 minutes">
      ${bars}
      <line x1="0" y1="100.5" x2="600" y2="100.5" />
    </svg>
  </section>`;
}

function overwrittenKeys({ overwrites, isDetecting, uncounted }: Board): Html {
  const rows = overwrites.map(
    ({ key, routes, count, lastAt, rule }) =>
      markup`<tr>
        <td><code>${key}</code></td>
        <td><code>${routes[0] ?? 'unknown route'}</code> and <code>${routes[1] ?? 'unknown route'}</code></td>
        <td class="n">${count}</td>
        <td>${time(lastAt)}</td>
        <td><code>${declarationOf(key, rule)}</code></td>
      </tr>`,
  );
  return markup`<section>
    <h2>Overwritten keys</h2>
    <p class="pale">
      Two requests changed the key, and it has no merge rule: the last change won. A route of another process is
      unknown.${uncounted > 0 ? ` ${uncounted} more were not listed.` : ''}
    </p>
    ${isDetecting ? tableOf(['Key', 'Routes', '#Times', 'Last', 'Rule'], rows, 'No key was overwritten.') : markup`<p>The detector is off. Turn it on by <code>detectOverwrites: true</code>.</p>`}
  </section>`;
}

function contested({ figures }: Board): Html {
  const rows = Array.from(figures.contested)
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, 20)
    .map(
      ([key, count]) =>
        markup`<tr>
          <td><code>${key}</code></td>
          <td class="n">${count}</td>
        </tr>`,
    );
  return markup`<section>
    <h2>Contested keys</h2>
    <p class="pale">Two requests changed the key. Its merge rule has combined the changes, or the last one won.</p>
    ${tableOf(['Key', '#Times'], rows, 'No key was contested.')}
  </section>`;
}

function slowest(title: string, { all }: SlowestTimes): Html {
  const rows = all.map(
    ({ at, ms }) =>
      markup`<tr>
        <td>${time(at)}</td>
        <td class="n">${milliseconds(ms)}</td>
      </tr>`,
  );
  return markup`<section>
    <h2>${title}</h2>
    ${tableOf(['Time', '#Duration'], rows, 'None yet.')}
  </section>`;
}

function pruning({ pruneRuns }: Board): Html {
  const rows = pruneRuns.map(
    ({ at, ms, pruned }) =>
      markup`<tr>
        <td>${time(at)}</td>
        <td class="n">${pruned === undefined ? 'failed' : pruned}</td>
        <td class="n">${milliseconds(ms)}</td>
      </tr>`,
  );
  return markup`<section>
    <h2>Pruner</h2>
    ${tableOf(['Time', '#Deleted', '#Duration'], rows, 'It has not run yet.')}
  </section>`;
}

function devices({ hasUsers, user }: Board, ended: string | undefined): Html {
  if (!hasUsers)
    return markup`<section>
      <h2>A user's devices</h2>
      <p>Give the option <code>userId</code> to list the sessions of a user.</p>
    </section>`;
  const said = ended === 'yes' ? 'The session was ended.' : 'The session had ended already.';
  return markup`<section>
    <h2>A user's devices</h2>
    ${ended === undefined ? '' : markup`<p class="told" role="status">${said}</p>`}
    <form method="get">
      <div><label for="user">User id</label><input id="user" name="user" required autocomplete="off" value="${user?.id}" /></div>
      <button>Show</button>
    </form>
    ${
      user &&
      tableOf(
        ['Device', 'Logged in', 'Last used', 'Ends', 'Handle', 'Action'],
        user.sessions.map((session) => device(user.id, session)),
        'The user has no live session.',
      )
    }
  </section>`;
}

function device(userId: string, { handle, deviceLabel, userAgent, createdAt, updatedAt, lastSeenAt, expiresAt }: UserSession): Html {
  const name = deviceLabel ?? userAgent ?? 'Unknown device';
  return markup`<tr>
    <td>${name}</td>
    <td>${time(createdAt)}</td>
    <td>${time(lastSeenAt ?? updatedAt)}</td>
    <td>${time(expiresAt)}</td>
    <td><code>${handle.slice(0, 8)}…</code></td>
    <td>
      <form method="post">
        <input type="hidden" name="user" value="${userId}" /><input type="hidden" name="handle" value="${handle}" /><button
          aria-label="End the session ${handle.slice(0, 8)}, ${name}"
        >
          End
        </button>
      </form>
    </td>
  </tr>`;
}

/** @param columns the heads; those of numbers begin with # */
function tableOf(columns: readonly string[], rows: readonly Html[], none: string): Html {
  if (rows.length === 0) return markup`<p>${none}</p>`;
  const heads = columns.map((head) =>
    head.startsWith('#') ? markup`<th class="n" scope="col">${head.slice(1)}</th>` : markup`<th scope="col">${head}</th>`,
  );
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Table: ${columns.join(', ').replaceAll('#', '')}">
    <table>
      <thead>
        <tr>
          ${heads}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function time(at: Date): Html {
  const text = at.toISOString();
  return markup`<time datetime="${text}">${text.slice(0, 19).replace('T', ' ')} UTC</time>`;
}

function bytes(size: number): string {
  return size < 10_000 ? `${size} B` : `${Math.round(size / 1000)} kB`;
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
