import type { Overwrite } from '../commit/overwrites.js';
import type { Board } from './board-data.js';
import { STYLE } from './board-style.js';
import { devices } from './device-section.js';
import { Html, markup } from './html.js';
import { ruleAdvice, time } from './page-parts.js';
import { contestedKeys, mergesPerMinute, overwrittenKeys, pruning, slowest } from './process-sections.js';
import { spread, summary } from './table-sections.js';

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
          ${warnings(board)} ${summary(board)} ${spread(board)} ${mergesPerMinute(figures.merges)} ${overwrittenKeys(board)}
          ${contestedKeys(board)}
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
  // The pair that overwrites most often comes first: its rule is shown.
  const keys = new Map<string, Pick<Overwrite, 'rule' | 'count'>>();
  for (const { key, rule, count } of overwrites) {
    const most = keys.get(key);
    keys.set(key, most ? { rule: most.rule, count: most.count + count } : { rule, count });
  }
  return Array.from(keys, ([key, found]) => ({ key, ...found }))
    .filter(({ count }) => count >= AGAIN_AND_AGAIN)
    .map(
      ({ key, rule, count }) =>
        markup`<div class="warning" role="note">
          <p>
            <strong><code>${key}</code> has no merge rule, and was overwritten ${count} times.</strong> Each time a change was lost.
          </p>
          <p>Declare one in the options of <code>SmartSessionModule</code>: ${ruleAdvice({ key, rule })}.</p>
        </div>`,
    );
}
