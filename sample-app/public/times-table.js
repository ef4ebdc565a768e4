import { othersIn } from './race-side.js';

const HEADINGS = ['Request', 'Load', 'Handler', 'Commit', 'Failed writes', 'In one write with', 'Its key'];

/** Shows the times of all requests of a race in tables. */
export function showTimes(parent, sides, titles) {
  parent.replaceChildren(...Object.entries(sides).map(([name, side]) => tableOf(titles[name], side)));
}

function tableOf(title, side) {
  const table = document.createElement('table');
  table.createCaption().textContent = `${title}, times in ms`;
  const head = table.createTHead().insertRow();
  for (const heading of HEADINGS) head.append(Object.assign(document.createElement('th'), { scope: 'col', textContent: heading }));
  const body = table.createTBody();
  for (const request of side.requests.values()) {
    const row = body.insertRow();
    for (const cell of cellsOf(request, side)) row.insertCell().textContent = cell;
  }
  return table;
}

function cellsOf(request, side) {
  const inVain = request.writes.filter(({ isWritten }) => !isWritten).length;
  return [
    request.n,
    duration(request, 'load'),
    duration(request, 'handler'),
    duration(request, 'commit'),
    inVain,
    othersIn(request),
    side.fateOf(request.n),
  ];
}

function duration({ phases }, phase) {
  const all = phases.filter((one) => one.phase === phase);
  return all.length === 0 ? 'none' : all.reduce((sum, { from, to }) => sum + to - from, 0).toFixed(1);
}
