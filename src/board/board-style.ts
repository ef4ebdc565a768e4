/** The style of the board: the colours and the type of the race lab. Text has a contrast of 4.5 to 1 or more with its ground. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fbfaf8; --card: #fff; --ink: #1d2430; --pale-ink: #5a6474; --line: #e2e0da; --accent: #0b6b63;
  --on-accent: #fff; --lost: #a8174f; --lost-ground: #fbe8ee; --kept-ground: #e3f2ef; --focus: #2f6db5; }
@media (prefers-color-scheme: dark) { :root { --ground: #12161c; --card: #1a2028; --ink: #e8ebf0; --pale-ink: #a3adbb; --line: #2c343f;
  --accent: #5fc9ba; --on-accent: #0a1f1c; --lost: #ff8fb1; --lost-ground: #3b1a27; --kept-ground: #14312e; --focus: #6c9fe0; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.6 Inter, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  font-variant-numeric: tabular-nums; }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); }
header { padding-top: clamp(1.2rem, 4vw, 2.5rem); }
h1 { margin: .1em 0 .3em; font-size: clamp(2rem, 5vw, 2.9rem); line-height: 1.1; letter-spacing: -.025em; }
h2 { margin: 0 0 .4rem; font-size: 1.45rem; line-height: 1.25; letter-spacing: -.015em; }
p { margin: 0 0 .8rem; max-width: 66ch; }
section { margin: 0 0 2.5rem; }
a { color: var(--accent); text-underline-offset: .2em; }
.pale, footer p { color: var(--pale-ink); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 0 0 2.5rem; }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem 1rem; }
dt { color: var(--pale-ink); font-size: .92rem; }
dd { margin: 0; font-size: 1.5rem; font-weight: 600; line-height: 1.3; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 2.5rem; }
.narrow { grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .45rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child { padding-left: 0; }
thead th { color: var(--pale-ink); font-weight: 500; }
td.n, th.n { text-align: right; white-space: nowrap; }
code { font: .9em/1.55 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
td code, time { white-space: nowrap; }
.warning { border-left: 3px solid var(--lost); background: var(--lost-ground); padding: .8rem 1rem; margin: 0 0 1rem; }
.warning p:last-child { margin: 0; }
.told { border-left: 3px solid var(--accent); background: var(--kept-ground); padding: .8rem 1rem; }
svg { display: block; width: 100%; height: 6rem; }
rect { fill: var(--accent); }
line { stroke: var(--line); }
form { display: flex; flex-wrap: wrap; align-items: end; gap: .6rem; margin: 0 0 1rem; }
td form { margin: 0; }
label { font-weight: 600; }
input { font: inherit; display: block; min-height: 2.75rem; padding: .4rem .7rem; border: 1px solid var(--pale-ink); border-radius: .5rem;
  background: var(--card); color: var(--ink); max-width: 100%; }
button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: .4rem 1.1rem; border: 1px solid var(--accent); border-radius: .5rem;
  background: var(--accent); color: var(--on-accent); cursor: pointer; }
td button { background: transparent; color: var(--lost); border-color: currentcolor; white-space: nowrap; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; border-radius: .3rem; }
`;
