import { RacePanel } from './race-panel.js';
import { RaceSide } from './race-side.js';
import { runRace } from './race-stream.js';

/** The stores that are compared, in the order of the page. */
export const SIDES = ['lastWrite', 'smart'];

const NOTES = {
  lastWrite: 'A plain store. It saves the whole session, so the last write wins.',
  smart: 'It saves only the changed keys, and merges them.',
};

function titlesOf(plainStore) {
  return { lastWrite: plainStore, smart: 'nestjs-smart-session' };
}

/** In ms. Drawing takes CPU time from the racing processes. */
const DRAW_EVERY = 100;

/** Runs races and shows both sides while they run. */
export class RaceView {
  #panels;
  #plan;

  constructor(parent, plainStore, verdictOf) {
    this.#panels = Object.fromEntries(SIDES.map((name) => [name, new RacePanel(parent, NOTES[name], verdictOf)]));
    this.#name(plainStore);
  }

  /** The parts of a picture of the last race. */
  get race() {
    return { results: SIDES.map((name) => this.#panels[name].result), plan: this.#plan };
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
    this.#plan = plan;
    if (plan.store) this.#name(plan.store);
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

  #name(plainStore) {
    this.titles = titlesOf(plainStore);
    for (const name of SIDES) this.#panels[name].title = this.titles[name];
  }

  #draw(sides, start, span) {
    for (const [name, panel] of Object.entries(this.#panels)) panel.show(sides[name], start, span);
  }
}

function sidesOf(count, options) {
  return Object.fromEntries(SIDES.map((name) => [name, new RaceSide(count, options)]));
}
