import { othersIn } from './race-side.js';
import { svg } from './svg.js';

const MARKS = { kept: '✓', lost: '✕', refused: '!', dropped: 'dropped', revived: '✕ came back', waiting: '' };
const BAD = new Set(['lost', 'revived']);
const STEPS = [10, 20, 50, 100, 200, 500, 1000, 2000];
const TOP = 4;
const AXIS = 24;

/** Draws the requests of one side as bars on a time axis. Thick bars are statements, thin bars are waiting and work. */
export class Timeline {
  #element;
  #shown;

  constructor(element) {
    this.#element = element;
    element.setAttribute('role', 'img');
    new ResizeObserver(() => this.#shown && this.#draw()).observe(element);
  }

  /** The drawing. */
  get chart() {
    return this.#element.querySelector('svg');
  }

  /**
   * @param {import('./race-side.js').RaceSide} side
   * @param {number} start the start of the race
   * @param {number} span the length of the axis, in ms
   */
  show(side, start, span) {
    this.#shown = { side, start, span };
    this.#draw();
    this.#element.setAttribute(
      'aria-label',
      `Time line of ${side.requests.size} requests over ${Math.round(span)} ms: ${side.total('kept')} kept, ${side.total('lost')} lost.${logoutWords(side, start)}`,
    );
  }

  #draw() {
    const { side, start, span } = this.#shown;
    const rows = [...side.requests.values()];
    const frame = new Frame(this.#element.clientWidth, rows.length, side.logsOut, span);
    this.#element.replaceChildren(
      svg(
        'svg',
        { width: frame.width, height: frame.height, 'aria-hidden': 'true' },
        ...axis(frame),
        ...rows.flatMap((request, row) => rowOf(request, row, side, start, frame)),
        ...logoutLine(side, start, frame),
      ),
    );
  }
}

/** Turns times and rows into places of the drawing. */
class Frame {
  constructor(width, rows, logsOut, span) {
    this.width = Math.max(width, 160);
    this.row = rows > 24 ? 13 : 17;
    this.bottom = TOP + rows * this.row;
    this.height = this.bottom + AXIS;
    this.left = logsOut ? 46 : 24;
    this.right = this.width - (logsOut ? 78 : 44);
    this.span = span;
  }

  x(ms) {
    return this.left + (Math.min(ms, this.span) / this.span) * (this.right - this.left);
  }

  y(row) {
    return TOP + (row + 0.5) * this.row;
  }
}

function axis(frame) {
  const most = (frame.right - frame.left) / 64;
  const step = STEPS.find((one) => frame.span / one <= most) ?? 5000;
  return Array.from({ length: Math.floor(frame.span / step) + 1 }, (_, index) => index * step).flatMap((ms) => [
    svg('line', { class: 'grid', x1: frame.x(ms), x2: frame.x(ms), y1: TOP, y2: frame.bottom }),
    svg('text', { class: 'axis middle', x: frame.x(ms), y: frame.height - 6 }, `${ms} ms`),
  ]);
}

function rowOf(request, row, side, start, frame) {
  const isLogout = row >= side.count;
  const phases = (name) => request.phases.filter(({ phase }) => phase === name);
  const writes = (wanted) => request.writes.filter(({ isWritten }) => isWritten === wanted);
  const bars = (events, name, height) => events.map((event) => bar(event, name, height, row, start, frame));
  const thick = Math.min(11, frame.row - 3);
  return [
    svg('text', { class: 'axis end', x: frame.left - 8, y: frame.y(row) + 4 }, isLogout ? 'log out' : String(request.n)),
    ...bars(phases('handler'), 'handler', 5),
    ...bars(phases('commit'), 'commit', 5),
    ...bars(phases('load'), 'load', thick),
    ...bars(writes(true), 'write', thick),
    ...writes(false).flatMap((event) => [bar(event, 'retry', thick - 1, row, start, frame), stripes(event, thick - 1, row, start, frame)]),
    ...mark(request, row, side, start, frame),
  ];
}

function bar({ from, to }, name, height, row, start, frame) {
  const x = frame.x(from - start);
  const width = Math.max(frame.x(to - start) - x, 1.5);
  return svg('rect', { class: name, x, width, y: frame.y(row) - height / 2, height, rx: 1.5 });
}

/** A pattern that distinguishes these bars without colour. */
function stripes({ from, to }, height, row, start, frame) {
  const y = frame.y(row);
  return svg('line', { class: 'stripes', x1: frame.x(from - start), x2: frame.x(to - start), y1: y, y2: y, 'stroke-width': height });
}

function logoutWords({ loggedOutAt }, start) {
  return loggedOutAt === undefined ? '' : ` The logout was answered after ${Math.round(loggedOutAt - start)} ms.`;
}

/** The line from which on the user knows that the session is over. */
function logoutLine({ loggedOutAt }, start, frame) {
  if (loggedOutAt === undefined) return [];
  const x = frame.x(loggedOutAt - start);
  return [svg('line', { class: 'logout', x1: x, x2: x, y1: TOP, y2: frame.bottom })];
}

/** The mark behind a bar: the result of its request. */
function mark(request, row, side, start, frame) {
  if (request.phases.length === 0 || request.status === undefined || row >= side.count) return [];
  const fate = side.fateOf(request.n);
  const others = othersIn(request);
  const end = Math.max(...request.phases.map(({ to }) => to)) - start;
  const text = `${MARKS[fate]}${others > 0 ? ` +${others}` : ''}`;
  return [svg('text', { class: BAD.has(fate) ? 'mark bad' : 'mark', x: frame.x(end) + 5, y: frame.y(row) + 4 }, text)];
}
