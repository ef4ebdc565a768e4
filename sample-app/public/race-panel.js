import { Timeline } from './timeline.js';

const WORDS = { waiting: 'not stored yet', kept: 'kept', lost: 'lost', refused: 'refused with an error' };
const SUMMARY = 'The session at the end';
const MARKS = { waiting: '·', kept: '✓', lost: '✕', refused: '!' };

/** One side of a race on the page: total, keys, time line, and the session at the end. */
export class RacePanel {
  #title;
  #caption;
  #summary;
  #verdict;
  #total;
  #keys;
  #content;
  #timeline;

  /**
   * @param {(side: import('./race-side.js').RaceSide) => { figure: string, text: string, isGood?: boolean }} verdictOf returns
   *   the summary of a side
   */
  constructor(parent, note, verdictOf) {
    const article = make('article', 'side', parent);
    const head = make('div', 'head', article);
    this.#title = make('h3', '', head);
    make('p', '', head).textContent = note;
    this.#total = make('div', 'total', article);
    this.#keys = make('ol', 'keys', article);
    this.#keys.setAttribute('aria-label', 'Keys');
    const requests = make('div', 'requests', article);
    this.#caption = make('p', 'caption', requests);
    this.#timeline = new Timeline(make('div', 'timeline', requests));
    const content = make('details', 'content', article);
    this.#summary = make('summary', '', content);
    this.#summary.textContent = SUMMARY;
    this.#content = make('pre', '', content);
    this.verdictOf = verdictOf;
  }

  set title(title) {
    this.#title.textContent = title;
    this.#caption.textContent = `The requests with ${title}`;
    this.#summary.setAttribute('aria-label', `${SUMMARY}, with ${title}`);
  }

  /** Shows the current state of a side. */
  show(side, start, span) {
    this.#verdict = this.verdictOf(side);
    const { figure, text, isGood } = this.#verdict;
    const strong = Object.assign(document.createElement('strong'), { textContent: figure });
    if (isGood !== undefined) strong.className = isGood ? 'kept' : 'lost';
    this.#total.replaceChildren(strong, Object.assign(document.createElement('span'), { textContent: text }));
    this.#keys.hidden = side.logsOut;
    if (!side.logsOut)
      this.#keys.replaceChildren(...Array.from({ length: side.count }, (_, index) => key(index + 1, side.fateOf(index + 1))));
    this.#timeline.show(side, start, span);
    this.#content.textContent = side.content ? textOf(side.content) : '…';
  }

  /** The parts of a picture of this side. */
  get result() {
    return { title: this.#title.textContent, ...this.#verdict, chart: this.#timeline.chart };
  }
}

function key(n, fate) {
  const item = document.createElement('li');
  item.dataset.fate = fate;
  const mark = Object.assign(document.createElement('span'), { textContent: `${MARKS[fate]} ${n}` });
  mark.setAttribute('aria-hidden', 'true');
  const words = Object.assign(document.createElement('span'), { className: 'visually-hidden', textContent: `key ${n}: ${WORDS[fate]}` });
  item.append(mark, words);
  return item;
}

/** Returns the keys and the time that each request has set, in the order of their numbers. */
function textOf(content) {
  const entries = Object.entries(content).toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  if (entries.length === 0) return 'There is none. It was destroyed.';
  return entries.map(([name, value]) => `${name}: ${String(value).replace(/^.*T(.*)Z$/, '$1')}`).join('\n');
}

function make(tag, className, parent) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  parent.append(element);
  return element;
}
