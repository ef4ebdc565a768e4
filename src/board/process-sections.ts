import type { Overwrite } from '../commit/overwrites.js';
import type { Board } from './board-data.js';
import { markup, type Html } from './html.js';
import type { MinuteCounts } from './minute-counts.js';
import { milliseconds, routeText, ruleAdvice, tableOf, time } from './page-parts.js';
import type { SlowestTimes } from './slowest-times.js';

/** The most contested keys that are shown. */
const MOST_KEYS = 20;

/** The most pairs of routes that are shown for a contested key. */
const MOST_ROUTES = 3;

/** Shows how many commits were merged in each of the last minutes. */
export function mergesPerMinute({ all }: MinuteCounts): Html {
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

/** Shows the keys that lost a change, and the rules to declare. */
export function overwrittenKeys({ overwrites, isDetecting, uncounted }: Board): Html {
  const rows = overwrites.map(
    ({ key, routes, count, lastAt, rule }) =>
      markup`<tr>
        <td><code>${key}</code></td>
        <td>${pairOf(routes)}</td>
        <td class="n">${count}</td>
        <td>${time(lastAt)}</td>
        <td>${ruleAdvice({ key, rule })}</td>
      </tr>`,
  );
  return markup`<section>
    <h2>Overwritten keys</h2>
    <p class="pale">
      Two requests changed the key, and it has no merge rule: the last change won. A route of another process is
      unknown.${moreText(uncounted)}
    </p>
    ${isDetecting ? tableOf(['Key', 'Routes', '#Times', 'Last', 'Rule'], rows, 'No key was overwritten.') : markup`<p>The detector is off. Turn it on by <code>detectOverwrites: true</code>.</p>`}
  </section>`;
}

/** Shows the keys that two requests have changed, and the routes of these requests. */
export function contestedKeys({ figures, overwrites, ruled, isDetecting }: Board): Html {
  const pairs = [...overwrites, ...ruled];
  const keys = Array.from(figures.contested).toSorted(([, one], [, other]) => other - one);
  const unlisted = keys.slice(MOST_KEYS).reduce((sum, [, count]) => sum + count, figures.uncounted);
  const rows = keys.slice(0, MOST_KEYS).map(
    ([key, count]) =>
      markup`<tr>
        <td><code>${key}</code></td>
        <td class="n">${count}</td>
        ${isDetecting ? markup`<td>${routesOf(key, pairs)}</td>` : ''}
      </tr>`,
  );
  return markup`<section>
    <h2>Contested keys</h2>
    <p class="pale">
      Two requests changed the key. Its merge rule has combined the changes, or the last one won.${isDetecting ? '' : ' The detector is off, so their routes are unknown.'}${moreText(unlisted)}
    </p>
    ${tableOf(isDetecting ? ['Key', '#Times', 'Routes'] : ['Key', '#Times'], rows, 'No key was contested.')}
  </section>`;
}

function moreText(unlisted: number): string {
  return unlisted > 0 ? ` ${unlisted} more were not listed.` : '';
}

function routesOf(key: string, pairs: readonly Overwrite[]): Html {
  const own = pairs.filter((pair) => pair.key === key);
  if (own.length === 0) return markup`both to the same value`;
  const shown = own
    .slice(0, MOST_ROUTES)
    .map(({ routes, count }) => markup`<div>${pairOf(routes)}, ${count === 1 ? 'once' : `${count} times`}</div>`);
  const more = own.length - shown.length;
  return markup`${shown}${more > 0 ? markup`<div>and ${more} more pairs</div>` : ''}`;
}

function pairOf([one, other]: Overwrite['routes']): Html {
  if (one !== undefined && one === other) return markup`two requests of ${routeText(one)}`;
  return markup`${routeText(one)} and ${routeText(other)}`;
}

/** Shows the slowest operations. */
export function slowest(title: string, { all }: SlowestTimes): Html {
  const rows = all.map(
    ({ at, ms, route }) =>
      markup`<tr>
        <td class="n">${milliseconds(ms)}</td>
        <td>${routeText(route?.text)}</td>
        <td>${time(at)}</td>
      </tr>`,
  );
  return markup`<section>
    <h2>${title}</h2>
    ${tableOf(['#Duration', 'Route', 'Time'], rows, 'None yet.')}
  </section>`;
}

/** Shows the last runs of the pruner. */
export function pruning({ pruneRuns }: Board): Html {
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
