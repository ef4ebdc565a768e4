import type { Example } from '../witness/example.js';
import { figuresOf, termsOf } from './figures.js';
import { explain, linesOf, type HistoryLine } from './history-lines.js';
import { STYLE } from './html-style.js';
import type { RaceReport } from './race-report.js';
import { timeScale } from './time-scale.js';
import { titleOf } from './titles.js';
import { verdictOf } from './verdict.js';

/** The report as one page that loads nothing else: the figures, and a time line of the shortest history of each kind of loss. */
export function htmlReport(report: RaceReport): string {
  const verdict = escape(verdictOf(report));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>session-race: ${report.verdict === 'clean' ? 'nothing lost' : 'session data lost'}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1 class="${report.verdict}">${verdict}</h1>
${figures(report)}
${report.notes.map((note) => `<p>Note: ${escape(note)}</p>`).join('\n')}
${report.examples.map((example) => history(example, report.places)).join('\n')}
<h2>How it was run</h2>
<p>${report.places.map((place) => escape(place)).join(', ')}</p>
<p class="quiet">${escape(termsOf(report))}</p>
</main>
</body>
</html>
`;
}

function figures(report: RaceReport): string {
  const rows = figuresOf(report).map(({ count, what, isLoss }) => {
    const kind = isLoss && count > 0 ? ' class="loss"' : '';
    return `<tr${kind}><th scope="row">${count}</th><td>${escape(what)}</td></tr>`;
  });
  return `<table>\n${rows.join('\n')}\n</table>`;
}

function history(example: Example, places: readonly string[]): string {
  const lines = linesOf(example, places);
  const scale = timeScale(lines);
  return `<section>
<h2>${titleOf(example.kind)}: the shortest history</h2>
<ol class="history">
${lines.map((line) => item(line, scale)).join('\n')}
</ol>
<p>${escape(explain(example, lines))}</p>
<p class="quiet">The bars show the order and what ran at the same time. Their lengths are not to scale.</p>
</section>`;
}

function item({ number, from, to, actor, asked, answered, role, meaning }: HistoryLine, scale: (moment: number) => number): string {
  const [left, right] = [scale(from), scale(to)];
  return `<li class="${role}"><span class="number">(${number})</span><div class="what">
<div>${escape(actor)} ${escape(asked)}</div>
<div>→ ${escape(answered)} <span class="quiet">${from.toFixed(1)} to ${to.toFixed(1)} ms</span></div>${
    meaning ? `\n<div class="meaning">${escape(meaning)}</div>` : ''
  }</div>
<div class="track" aria-hidden="true"><div class="bar" style="left:${left.toFixed(2)}%;width:${(right - left).toFixed(2)}%"></div></div></li>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
