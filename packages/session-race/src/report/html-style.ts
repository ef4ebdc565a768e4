/** The style of the page, in light and dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #fff; --text: #1c2024; --quiet: #5a6169; --line: #d5d9de; --card: #f6f7f9;
  --bad: #b3261e; --good: #1b6e3c; --suspect: #8a5300; --proof: #2456b3; --context: #6b7178;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --text: #e8eaed; --quiet: #a6adb5; --line: #3a4047; --card: #1d2125;
    --bad: #ff8a80; --good: #7ddb9f; --suspect: #ffc266; --proof: #9cc0ff; --context: #9aa1a9;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h1.lossy { color: var(--bad); }
h1.clean { color: var(--good); }
p { margin: .5rem 0; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
table { border-collapse: collapse; }
td, th { padding: .2rem .75rem .2rem 0; text-align: left; font-weight: normal; vertical-align: baseline; }
th { text-align: right; font-weight: 600; font-variant-numeric: tabular-nums; }
tr.loss th, tr.loss td { color: var(--bad); font-weight: 600; }
ol.history { list-style: none; margin: 1rem 0; padding: 0; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
ol.history li { display: grid; grid-template-columns: auto 1fr; gap: .35rem .6rem; padding: .6rem .8rem; border-top: 1px solid var(--line); }
ol.history li:first-child { border-top: 0; }
.what { overflow-wrap: anywhere; }
.what .quiet { white-space: nowrap; }
.number { font-weight: 600; }
.meaning { font-weight: 600; }
.victim .meaning { color: var(--bad); }
.suspect .meaning { color: var(--suspect); }
.proof .meaning { color: var(--proof); }
.track { grid-column: 1 / -1; position: relative; height: .6rem; background: var(--line); border-radius: .3rem; }
.bar { position: absolute; top: 0; bottom: 0; min-width: 4px; border-radius: .3rem; background: var(--context); }
.victim .bar { background: var(--bad); }
.suspect .bar { background: var(--suspect); }
.proof .bar { background: var(--proof); }
@media (min-width: 46rem) {
  ol.history li { grid-template-columns: auto 1fr 18rem; }
  .track { grid-column: auto; align-self: center; }
}
@media (forced-colors: active) { .bar { background: CanvasText; } }
@media print { ol.history { break-inside: avoid; } }
`;
