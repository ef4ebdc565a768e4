import { adviceFor } from '../commit/rule-advice.js';
import type { Overwrite } from '../commit/overwrites.js';
import { markup, type Html } from './html.js';

/**
 * Makes a table.
 *
 * @param columns the heads; those of numbers begin with #
 * @param none what is said without rows
 */
export function tableOf(columns: readonly string[], rows: readonly Html[], none: string): Html {
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

/** Makes a row of a name and a number. */
export function numberRow(name: string, number: number): Html {
  return markup`<tr>
    <td>${name}</td>
    <td class="n">${number}</td>
  </tr>`;
}

/** Shows a route; `unknown route` if there is none. */
export function routeText(route: string | undefined): Html {
  return markup`<code>${route ?? 'unknown route'}</code>`;
}

/** Shows which rule to declare for a key that lost a change. */
export function ruleAdvice(overwrite: Pick<Overwrite, 'key' | 'rule'>): Html {
  const { code, rest } = adviceFor(overwrite);
  const words = rest.split('`').map((text, n) => (n % 2 === 1 ? markup`<code>${text}</code>` : text));
  return markup`${code === undefined ? '' : markup`<code>${code}</code>`}${words}`;
}

/** Shows a time in UTC. */
export function time(at: Date): Html {
  const text = at.toISOString();
  return markup`<time datetime="${text}">${text.slice(0, 19).replace('T', ' ')} UTC</time>`;
}

/** Shows a size, given in bytes. */
export function bytes(size: number): string {
  return size < 10_000 ? `${size} B` : `${Math.round(size / 1000)} kB`;
}

/** Shows a duration, given in ms. */
export function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
