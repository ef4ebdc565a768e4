import fc from 'fast-check';
import { Announcements } from '../../src/feed/announcements.js';
import { Outbox } from '../../src/feed/outbox.js';
import { WatchedElsewhere } from '../../src/feed/watched-elsewhere.js';
import type { RecordNews } from '../../src/persistence/record-notifications.js';

const SECOND = 1000;
const HASH = 'the record';
/** How long an announcement counts, and how often it is renewed, in seconds. */
const [LIFE, RENEWAL] = [150, 60];

/** A clock that a test sets. */
function newClock() {
  const clock = { at: 0, now: () => clock.at * SECOND };
  return clock;
}

describe('the records that other processes watch', () => {
  it('are remembered for 150 seconds after their last announcement', () => {
    const clock = newClock();
    const elsewhere = new WatchedElsewhere(clock.now);
    elsewhere.note(['one', 'two']);
    clock.at = LIFE - 1;
    elsewhere.note(['one']);
    expect([elsewhere.has('one'), elsewhere.has('two'), elsewhere.has('three')]).toEqual([true, true, false]);
    clock.at = LIFE;
    expect([elsewhere.has('one'), elsewhere.has('two')]).toEqual([true, false]);
    elsewhere.forgetOld();
    expect(elsewhere.size).toBe(1);
    clock.at = 2 * LIFE;
    elsewhere.forgetOld();
    expect(elsewhere.size).toBe(0);
  });

  it('are at most 100,000: the oldest are forgotten', () => {
    const elsewhere = new WatchedElsewhere(newClock().now);
    const names = Array.from({ length: 100_001 }, (_, n) => `record ${n}`);
    elsewhere.note(names);
    expect([elsewhere.size, elsewhere.has(names[0]!), elsewhere.has(names[1]!), elsewhere.has(names.at(-1)!)]).toEqual([
      100_000,
      false,
      true,
      true,
    ]);
  });
});

describe('announcements', () => {
  it('are made once a minute, and again if another process asks', () => {
    const clock = newClock();
    const announcements = new Announcements(clock.now);
    expect([announcements.begin('one'), announcements.begin('one')]).toEqual([true, false]);
    expect(announcements.due(['one', 'two'])).toEqual(['two']);
    clock.at = RENEWAL - 1;
    expect(announcements.due(['one', 'two'])).toEqual([]);
    announcements.repeat();
    expect(announcements.due(['two'])).toEqual(['two']);
    clock.at = RENEWAL;
    expect(announcements.due(['one', 'two'])).toEqual(['one']);
  });

  it('are forgotten when nothing watches the record any more', () => {
    const announcements = new Announcements(newClock().now);
    announcements.begin('one');
    announcements.due([]);
    expect(announcements.begin('one')).toBe(true);
  });
});

/** A process that watches the record from time to time. */
interface Watcher {
  readonly announcements: Announcements;
  isWatching: boolean;
  /** Its next second, if it is paused until then. */
  pausedUntil: number;
  /** Since when it has watched without a pause. */
  since: number;
}

type Step =
  | { readonly do: 'watch' | 'stop'; readonly by: 0 | 1 }
  | { readonly do: 'pause'; readonly by: 0 | 1; readonly seconds: number }
  | { readonly do: 'pass'; readonly seconds: number }
  | { readonly do: 'lose'; readonly seconds: number }
  | { readonly do: 'restart' };

const by = fc.constantFrom(0 as const, 1 as const);
const seconds = fc.integer({ min: 1, max: 2 * LIFE });
const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('watch' as const), by }),
  fc.record({ do: fc.constant('stop' as const), by }),
  fc.record({ do: fc.constant('pause' as const), by, seconds }),
  fc.record({ do: fc.constant('pass' as const), seconds }),
  fc.record({ do: fc.constant('lose' as const), seconds }),
  fc.record({ do: fc.constant('restart' as const) }),
);

/** A process that commits, two that watch, and the notifications between them. */
class World {
  second = 0;
  announced = 0;
  asked = 0;
  lastWatched = -Infinity;
  /** Since when the committing process hears every announcement. */
  hearsSince = 0;
  #deafUntil = 0;
  #elsewhere: WatchedElsewhere;
  readonly watchers: readonly Watcher[];

  constructor() {
    this.#elsewhere = new WatchedElsewhere(() => this.second * SECOND);
    this.watchers = [0, 1].map((n) => ({
      // The monotonic clocks of two machines have nothing in common.
      announcements: new Announcements(() => (this.second + n * 1e6) * SECOND),
      isWatching: false,
      pausedUntil: 0,
      since: Infinity,
    }));
  }

  get tells(): boolean {
    return this.#elsewhere.has(HASH);
  }

  run(step: Step): void {
    switch (step.do) {
      case 'pass':
        for (let n = 0; n < step.seconds; n++) this.#pass();
        return;
      case 'lose':
        this.#deafUntil = Math.max(this.#deafUntil, this.second + step.seconds);
        this.hearsSince = Infinity;
        return;
      case 'restart':
        this.#elsewhere = new WatchedElsewhere(() => this.second * SECOND);
        this.#ask();
        return;
      default:
        this.#runIn(this.watchers[step.by]!, step);
    }
  }

  #runIn(watcher: Watcher, step: Step): void {
    if (watcher.pausedUntil > this.second) return;
    if (step.do === 'pause') {
      watcher.pausedUntil = this.second + step.seconds;
      watcher.since = Infinity;
    } else if (step.do === 'stop') {
      watcher.isWatching = false;
      watcher.since = Infinity;
    } else if (step.do === 'watch' && !watcher.isWatching) {
      watcher.isWatching = true;
      watcher.since = this.lastWatched = this.second;
      if (watcher.announcements.begin(HASH)) this.#announce();
    }
  }

  #pass(): void {
    this.second++;
    if (this.#deafUntil > this.second) this.hearsSince = Infinity;
    else if (this.hearsSince === Infinity) this.#ask();
    this.#elsewhere.forgetOld();
    for (const watcher of this.watchers) if (watcher.pausedUntil <= this.second) this.#keepUp(watcher);
  }

  #keepUp(watcher: Watcher): void {
    if (watcher.isWatching) this.lastWatched = this.second;
    if (watcher.isWatching && watcher.since === Infinity) watcher.since = this.second;
    const due = watcher.announcements.due(watcher.isWatching ? [HASH] : []);
    if (due.length > 0) this.#announce();
  }

  #announce(): void {
    this.announced++;
    if (this.#deafUntil <= this.second) this.#elsewhere.note([HASH]);
  }

  /** The committing process has connected. A paused process hears the question when it goes on. */
  #ask(): void {
    this.hearsSince = this.second;
    this.asked++;
    for (const { announcements } of this.watchers) announcements.repeat();
  }
}

describe('a committing process and two that watch, whatever happens', () => {
  it('tells while one watches, tells no more when none does, and announces once a minute', () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 40 }), (steps) => {
        const world = new World();
        let begun = 0;
        for (const step of steps) {
          if (step.do === 'watch' || step.do === 'pause') begun++;
          world.run(step);
          const { second, hearsSince, watchers, lastWatched } = world;
          const isKnown = watchers.some(({ since }) => Math.max(since, hearsSince) + 1 < second);
          if (isKnown) expect(world.tells).toBe(true);
          if (lastWatched + LIFE < second) expect(world.tells).toBe(false);
        }
        const renewals = 2 * Math.ceil(world.second / RENEWAL + 1);
        expect(world.announced).toBeLessThanOrEqual(renewals + 2 * world.asked + begun);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the outbox', () => {
  it('has one statement in flight. The next one has the news that come meanwhile, and a record once', async () => {
    const sent: { written: string[]; watched: string[]; isAsking: boolean }[] = [];
    let answer = Promise.withResolvers<void>();
    const outbox = new Outbox(({ written, watched, isAsking }: RecordNews) => {
      sent.push({ written: [...written], watched: [...watched], isAsking });
      return answer.promise;
    });
    outbox.addWritten('one');
    outbox.addWatched(['two']);
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    for (const hash of ['one', 'three', 'one']) outbox.addWritten(hash);
    outbox.ask();
    const first = answer;
    answer = Promise.withResolvers();
    first.reject(new Error('no connection'));
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    answer.resolve();
    await outbox.sent();
    expect(sent).toEqual([
      { written: ['one'], watched: ['two'], isAsking: false },
      { written: ['one', 'three'], watched: [], isAsking: true },
    ]);
  });

  it('sends at most 100 statements a second, however often a record is written', async () => {
    const at: number[] = [];
    const outbox = new Outbox(async () => {
      if (at.push(performance.now()) < 4) outbox.addWritten('one');
    });
    outbox.addWritten('one');
    await outbox.sent();
    // Timers may be a millisecond early.
    expect(at.slice(1).filter((time, n) => time - at[n]! < 9)).toEqual([]);
    expect(at).toHaveLength(4);
  });
});
