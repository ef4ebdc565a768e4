import { RacePanel } from './race-panel.js';
import { RaceSide } from './race-side.js';
import { runRace } from './race-stream.js';

/** The titles and descriptions of the two stores. */
export const SIDES = {
  lastWrite: {
    title: 'A plain store: the last write wins',
    note: 'Loads the whole session and writes the whole session back, like most stores for express-session.',
  },
  smart: { title: 'nestjs-smart-session', note: 'Merges the changes of a request into the current row.' },
};

/** In ms. Drawing takes CPU time from the racing processes. */
const DRAW_EVERY = 100;

/** Runs races and shows both sides while they run. */
export class RaceView {
  #panels;

  constructor(parent, verdictOf) {
    this.#panels = Object.fromEntries(Object.entries(SIDES).map(([name, words]) => [name, new RacePanel(parent, words, verdictOf)]));
  }

  /** Shows both sides before the first race. */
  rest(count, options) {
    this.#draw(sidesOf(count, options), 0, 300);
  }

  /**
   * Runs a race.
   *
   * @returns {Promise<Record<string, RaceSide>>} both sides at the end
   */
  async run(plan, options) {
    const sides = sidesOf(plan.requests, options);
    let start = 0;
    let end = 0;
    let timer;
    const draw = () => {
      timer = undefined;
      const most = Math.max(1.5 * plan.wait + 2 * plan.roundTrip, end - start);
      this.#draw(sides, start, Math.ceil((most * 1.04) / 50) * 50);
    };
    await runRace(plan, (event) => {
      if (event.type === 'start') start = event.at;
      end = Math.max(end, event.to ?? event.at ?? 0);
      sides[event.side]?.add(event);
      timer ??= setTimeout(draw, DRAW_EVERY);
    });
    clearTimeout(timer);
    draw();
    return sides;
  }

  #draw(sides, start, span) {
    for (const [name, panel] of Object.entries(this.#panels)) panel.show(sides[name], start, span);
  }
}

function sidesOf(count, options) {
  return Object.fromEntries(Object.keys(SIDES).map((name) => [name, new RaceSide(count, options)]));
}
