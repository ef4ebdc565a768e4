import { init } from '/vendor/echarts.js';
import { colour, onColoursChange } from './colours.js';
import { othersIn } from './race-side.js';

const MARKS = { kept: '✓', lost: '✕', refused: '!', dropped: '–', revived: '✕', waiting: '' };
const BAD = new Set(['lost', 'revived']);

/** Draws the requests of one side as bars on a time axis. */
export class Timeline {
  #element;
  #chart;
  #shown;

  constructor(element) {
    this.#element = element;
    element.setAttribute('role', 'img');
    new ResizeObserver(() => this.#chart?.resize()).observe(element);
    onColoursChange(() => this.#shown && this.show(...this.#shown));
  }

  /**
   * @param {import('./race-side.js').RaceSide} side
   * @param {number} start the start of the race
   * @param {number} span the length of the axis, in ms
   */
  show(side, start, span) {
    this.#shown = [side, start, span];
    const rows = [...side.requests.values()];
    this.#element.style.height = `${rows.length * (rows.length > 24 ? 13 : 17) + 46}px`;
    this.#chart ??= init(this.#element);
    this.#chart.resize();
    this.#chart.setOption({ ...frame(rows, side, span), series: series(rows, side, start) });
    this.#element.setAttribute(
      'aria-label',
      `Time line of ${rows.length} requests over ${Math.round(span)} ms: ${side.total('kept')} kept, ${side.total('lost')} lost.${logoutWords(side, start)}`,
    );
  }
}

function frame(rows, side, span) {
  const text = { color: colour('pale-ink'), fontSize: 11, fontFamily: fontFamily() };
  const isLogout = (n) => side.logsOut && n === rows.length;
  return {
    animation: false,
    grid: { left: side.logsOut ? 50 : 26, right: 40, top: 4, bottom: 28 },
    xAxis: {
      type: 'value',
      min: 0,
      max: span,
      axisLabel: { ...text, formatter: (ms) => `${ms} ms`, hideOverlap: true, showMaxLabel: false },
      splitLine: { lineStyle: { color: colour('grid') } },
      axisLine: { show: false },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map(({ n }) => (isLogout(n) ? 'log out' : String(n))),
      axisLabel: { ...text, interval: 0, margin: 8 },
      axisLine: { show: false },
      axisTick: { show: false },
    },
  };
}

function series(rows, side, start) {
  const bar = (data, style, inset = 0) => ({
    type: 'custom',
    silent: true,
    data,
    encode: { x: [1, 2], y: 0 },
    renderItem: (_, api) => rectangle(api, style(), inset),
    clip: true,
  });
  const phases = (phase) =>
    rows.flatMap(({ phases: all }, row) => all.filter((one) => one.phase === phase).map(({ from, to }) => [row, from - start, to - start]));
  const writes = (isWritten) =>
    rows.flatMap(({ writes: all }, row) =>
      all.filter((one) => one.isWritten === isWritten).map(({ from, to }) => [row, from - start, to - start]),
    );
  const marks = rows.map((request, row) => mark(request, row, side, start)).filter(Boolean);
  return [
    bar(phases('handler'), () => ({ fill: colour('handler') })),
    bar(phases('load'), () => ({ fill: colour('load') })),
    bar(phases('commit'), () => ({ fill: colour('commit') })),
    bar(writes(true), () => ({ fill: colour('write') })),
    bar(writes(false), hatching, 0.5),
    ...logoutLine(side, start),
    {
      type: 'custom',
      silent: true,
      data: marks.map(({ value }) => value),
      encode: { x: 1, y: 0 },
      renderItem: ({ dataIndex }, api) => label(api, marks[dataIndex]),
      clip: false,
    },
  ];
}

function rectangle(api, style, inset) {
  const [x, y] = api.coord([api.value(1), api.value(0)]);
  const [end] = api.coord([api.value(2), api.value(0)]);
  const height = Math.min(11, api.size([0, 1])[1] - 3) - 2 * inset;
  return { type: 'rect', shape: { x, y: y - height / 2, width: Math.max(end - x, 1.5), height, r: 1.5 }, style };
}

function logoutWords({ loggedOutAt }, start) {
  return loggedOutAt === undefined ? '' : ` The logout was answered after ${Math.round(loggedOutAt - start)} ms.`;
}

/** The line from which on the user knows that the session is over. */
function logoutLine({ loggedOutAt }, start) {
  if (loggedOutAt === undefined) return [];
  const renderItem = ({ coordSys: { y, height } }, api) => {
    const [x] = api.coord([api.value(0), 0]);
    return {
      type: 'line',
      shape: { x1: x, y1: y, x2: x, y2: y + height },
      style: { stroke: colour('ink'), lineWidth: 1.5, lineDash: [4, 3] },
    };
  };
  return [{ type: 'custom', silent: true, data: [[loggedOutAt - start]], encode: { x: 0 }, renderItem, clip: true }];
}

/** A pattern that distinguishes these bars without colour. */
function hatching() {
  const canvas = Object.assign(document.createElement('canvas'), { width: 6, height: 6 });
  const pen = canvas.getContext('2d');
  pen.fillStyle = colour('card');
  pen.fillRect(0, 0, 6, 6);
  pen.strokeStyle = colour('retry');
  pen.lineWidth = 2;
  for (const shift of [-6, 0, 6]) {
    pen.beginPath();
    pen.moveTo(shift, 6);
    pen.lineTo(shift + 6, 0);
    pen.stroke();
  }
  return { fill: { image: canvas, repeat: 'repeat' }, stroke: colour('retry'), lineWidth: 1 };
}

/** The mark behind a bar: the result of its request. */
function mark(request, row, side, start) {
  if (request.phases.length === 0 || request.status === undefined) return undefined;
  const fate = row < side.count ? side.fateOf(request.n) : 'waiting';
  const others = othersIn(request);
  const end = Math.max(...request.phases.map(({ to }) => to)) - start;
  return { value: [row, end], text: `${MARKS[fate]}${others > 0 ? ` +${others}` : ''}`, fate };
}

function label(api, { text, fate }) {
  const [x, y] = api.coord([api.value(1), api.value(0)]);
  return {
    type: 'text',
    style: { x: x + 5, y, text, fill: colour(BAD.has(fate) ? 'lost' : 'kept'), font: `600 11px ${fontFamily()}`, verticalAlign: 'middle' },
  };
}

function fontFamily() {
  return getComputedStyle(document.body).fontFamily;
}
