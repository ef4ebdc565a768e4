import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { EventEmitter, on as eventsOf } from 'node:events';
import { setImmediate as turnEnds, setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { MemoryStore } from 'express-session';
import {
  SessionRepository,
  SessionWatchLimitError,
  SmartSessionConfigError,
  type SessionService,
  type SessionWatch,
  type SmartSessionModuleOptions,
  type WatchOptions,
} from '../../src/index.js';
import { RetryingRepository } from '../../src/batching/retrying-repository.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { SessionFeed } from '../../src/feed/session-feed.js';
import { TargetIndex } from '../../src/feed/target-index.js';
import { SessionLoader } from '../../src/protocol/session-loader.js';
import { DATABASES } from '../support/databases.js';
import { HeldRepository } from '../support/held-repository.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { Watching } from '../support/watching.js';

const FEED = { interval: 20, grace: 1000, maxWatches: 5 };
const LONG = { ...FEED, interval: 5000, grace: 10_000 };

describe.each(DATABASES)('races of watches on %s', (dialect) => {
  let database: SessionsDatabase;
  let repository: HeldRepository;
  let id: string;
  const started: SessionFeed[] = [];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(dialect, `watch_races_${dialect}`);
  });
  beforeEach(() => {
    repository = new HeldRepository(database.context);
    id = randomUUID();
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((feed) => feed.beforeApplicationShutdown()));
  });
  afterAll(async () => {
    await database.close();
  });

  /** A process of the app. */
  function newProcess(feed = FEED, on: SessionRepository = repository, more: SmartSessionModuleOptions = {}) {
    const { sessions, get } = serviceOver(on, { feed, ...more });
    started.push(get(SessionFeed));
    return {
      sessions,
      feed: get(SessionFeed),
      key: get(SessionCodec).storageKeyOf(id),
      polls: get(RetryingRepository),
      loader: get(SessionLoader),
    };
  }

  /** Notes when each poll fails at the latest, on the monotonic clock. */
  function noteDeadlines(polls: RetryingRepository): readonly number[] {
    const deadlines: number[] = [];
    for (const name of ['statesOf', 'statesOfUsers'] as const) {
      const poll = polls[name].bind(polls);
      vi.spyOn(polls, name).mockImplementation((keys, limits) => {
        deadlines.push(performance.now() + limits!.timeout!);
        return poll(keys, limits);
      });
    }
    return deadlines;
  }

  const newSession = (values: object = { n: 0 }) =>
    Object.assign(Object.defineProperty({}, 'id', { value: id }), values) as Record<string, unknown>;

  /** A process with a stored session, and another process. */
  async function withSession(feed = FEED) {
    const [one, two] = [newProcess(feed), newProcess(feed, new HeldRepository(database.context))];
    await two.sessions.commit(newSession());
    return { one, two };
  }

  it('ends at once if the session ends between its load and its watch', async () => {
    const { one, two } = await withSession(LONG);
    const session = (await one.sessions.load(id))!;
    await two.sessions.destroy(id);
    const watching = new Watching(one.sessions, session);
    expect((await watching.end()).reason).toBe('ended');
    expect(await watching.watch.checked).toBe(false);
  });

  it('ends at once for an id that has no session', async () => {
    expect((await new Watching(newProcess(LONG).sessions, id).end()).reason).toBe('ended');
  });

  it('ends although a poll in flight has still seen the session', async () => {
    const { one } = await withSession(LONG);
    const poll = repository.holdPoll();
    const watching = new Watching(one.sessions, id);
    await poll.read;
    await one.sessions.destroy(id);
    expect(watching.ends).toEqual([]);
    poll.release();
    expect((await watching.end()).reason).toBe('ended');
  });

  it('tells of a change that a poll finds while an older record is loaded, before the next poll', async () => {
    const { one, two } = await withSession({ ...FEED, interval: 60_000, grace: 120_000 });
    const load = repository.holdLoad();
    const watching = new Watching(one.sessions, id, { keys: ['n'] as never });
    await load.read;
    await two.sessions.update(id, (draft: { n?: number }) => (draft.n = 1));
    const other = new Watching(one.sessions, id);
    await other.watch.checked;
    load.release();
    await watching.changed('n');
  });

  it('is not ended by a poll that was sent before it began', async () => {
    const { one, two } = await withSession(LONG);
    await two.sessions.destroy(id);
    const poll = repository.holdPoll();
    const early = new Watching(one.sessions, id);
    await poll.read;
    await two.sessions.commit(newSession());
    const late = new Watching(one.sessions, id);
    poll.release();
    await early.end();
    expect([await late.watch.checked, late.ends]).toEqual([true, []]);
  });

  it('is not ended by a poll that has seen an earlier session of the same id', async () => {
    const { one, two } = await withSession(LONG);
    const poll = repository.holdPoll();
    const early = new Watching(one.sessions, id);
    await poll.read;
    await two.sessions.destroy(id);
    await two.sessions.commit(newSession());
    const late = new Watching(one.sessions, (await two.sessions.load(id))!);
    poll.release();
    await early.end();
    expect([await late.watch.checked, late.ends]).toEqual([true, []]);
  });

  it('waits for the first save of a new session, which a poll in flight has not seen', async () => {
    const { sessions } = newProcess();
    const session = newSession();
    const poll = repository.holdPoll();
    const watching = new Watching(sessions, session);
    await poll.read;
    await sessions.commit(session);
    poll.release();
    expect(await watching.watch.checked).toBe(true);
    const { polls } = repository;
    await vi.waitFor(() => expect(repository.polls).toBeGreaterThan(polls + 2));
    expect(watching.ends).toEqual([]);
    await sessions.destroy(id);
    expect((await watching.end()).reason).toBe('ended');
  });

  it('ends for a new session that is destroyed before it was stored', async () => {
    const { sessions } = newProcess(LONG);
    const watching = new Watching(sessions, newSession());
    expect(await watching.watch.checked).toBe(true);
    await sessions.destroy(id);
    expect((await watching.end()).reason).toBe('ended');
  });

  it('is not live before the first answer about an id, although a new session of that id is watched', async () => {
    const { sessions } = newProcess(LONG);
    const first = sessions.watch(newSession(), { onEnd: () => {} });
    expect([await first.checked, first.isLive]).toEqual([true, true]);
    const second = sessions.watch(id, { onEnd: () => {} });
    expect(second.isLive).toBe(false);
    expect([await second.checked, first.isLive, second.isLive]).toEqual([false, true, false]);
  });

  it('leaves nothing in the index for callbacks that it refuses', () => {
    const add = vi.spyOn(TargetIndex.prototype, 'add');
    const { feed, key } = newProcess();
    expect(() => feed.watchById(key, id, { onEnd: () => {}, onChange: 'x' as never })).toThrow(TypeError);
    expect(add).not.toHaveBeenCalled();
    add.mockRestore();
  });

  it('closes the source of an iterator that the limit refuses', async () => {
    const { one } = await withSession({ ...LONG, maxWatches: 1 });
    one.sessions.watch(id, { onEnd: () => {} });
    const prices = new EventEmitter();
    const live = one.sessions.whileLive(id, eventsOf(prices, 'price'));
    await expect(live.next()).rejects.toThrow(SessionWatchLimitError);
    expect([prices.listenerCount('price'), await live.next()]).toEqual([0, { done: true, value: undefined }]);
  });

  it('ends if another session is stored under the same id', async () => {
    const { one, two } = await withSession();
    const watching = new Watching(one.sessions, id);
    await watching.watch.checked;
    const poll = repository.holdPoll();
    await poll.read;
    await two.sessions.destroy(id);
    await two.sessions.commit(newSession());
    poll.release();
    expect((await watching.end()).reason).toBe('ended');
  });

  it('tells of a change between the load of a session and its watch', async () => {
    const { one, two } = await withSession();
    const session = (await one.sessions.load(id))!;
    await two.sessions.update(id, (draft) => void Object.assign(draft, { n: 1 }));
    const watching = new Watching(one.sessions, session, { keys: ['n'] as never });
    await watching.changed('n');
    watching.watch.stop();
  });

  it('tells of a change although its load fails at first', async () => {
    const { one, two } = await withSession();
    const watching = new Watching(one.sessions, (await one.sessions.load(id))!, { keys: ['n'] as never });
    await watching.watch.checked;
    const load = vi.spyOn(repository, 'load');
    for (let n = 0; n < 4; n++) load.mockRejectedValueOnce(new Error('no answer'));
    await two.sessions.update(id, (draft) => void Object.assign(draft, { n: 1 }));
    await watching.changed('n');
    expect(load.mock.calls.length).toBeGreaterThan(4);
    watching.watch.stop();
  });

  it('asks for users although sessions change without end', async () => {
    const one = newProcess(LONG, repository, { userId: 'user' });
    await one.sessions.commit(newSession());
    const statesOf = repository.statesOf.bind(repository);
    vi.spyOn(repository, 'statesOf').mockImplementation((keys) => {
      if (repository.polls < 100) one.feed.ended([one.key]);
      return statesOf(keys);
    });
    using session = one.sessions.watch(id, { onEnd: () => {} });
    using user = one.sessions.watch({ userId: 'u' }, { onEnd: () => {} });
    expect([await user.checked, await session.checked]).toEqual([true, true]);
    expect(repository.polls).toBeLessThan(10);
  });

  it('tells of no change of a session of a user after its end', async () => {
    const one = newProcess(FEED, repository, { userId: 'user' });
    const two = newProcess(FEED, new HeldRepository(database.context), { userId: 'user' });
    await one.sessions.commit(newSession({ user: 'u', n: 0 }));
    const told: string[] = [];
    const reads = vi.spyOn(one.loader, 'read');
    using user = one.sessions.watch({ userId: 'u' }, { onEnd: () => told.push('end'), onChange: ({ keys }) => told.push(...keys) });
    await user.checked;
    await vi.waitFor(() => expect(reads).toHaveBeenCalledTimes(1));
    await reads.mock.results[0]!.value;
    await turnEnds();
    const load = repository.holdLoad();
    await two.sessions.update(id, (draft) => void Object.assign(draft, { n: 1 }));
    await load.read;
    await one.sessions.destroy(id);
    await vi.waitFor(() => expect(told).toEqual(['end']));
    load.release();
    await turnEnds();
    expect(told).toEqual(['end']);
  });

  it('logs a record that cannot be read once for each version', async () => {
    const { one } = await withSession();
    const lines = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    await database.run(`update {table} set data = '{"broken'`);
    const watching = new Watching(one.sessions, id, { keys: ['n'] as never });
    await vi.waitFor(() => expect(lines).toHaveBeenCalled());
    const { polls } = repository;
    await vi.waitFor(() => expect(repository.polls).toBeGreaterThan(polls + 3));
    expect([lines.mock.calls.length, watching.watch.isLive]).toEqual([1, true]);
    lines.mockRestore();
  });

  it('decodes a record once for all of its watches', async () => {
    const one = newProcess({ ...LONG, maxWatches: 50 });
    await one.sessions.commit(newSession());
    const opened = vi.spyOn(one.loader, 'open');
    const watchings = Array.from({ length: 50 }, () => new Watching(one.sessions, id, { keys: ['n'] as never }));
    await Promise.all(watchings.map(({ watch }) => watch.checked));
    await vi.waitFor(() => expect(opened).toHaveBeenCalledTimes(1));
    await opened.mock.results[0]!.value;
    await newProcess().sessions.update(id, (draft) => void Object.assign(draft, { n: 1 }));
    one.feed.written(one.key);
    await Promise.all(watchings.map((watching) => watching.changed('n')));
    expect(opened).toHaveBeenCalledTimes(2);
  });

  it('has one onChange in flight, and joins the names that change meanwhile', async () => {
    const { one, two } = await withSession();
    const [calls, release] = [[] as (readonly string[])[], Promise.withResolvers<void>()];
    const set = (key: string) => two.sessions.update(id, (draft) => void Object.assign(draft, { [key]: randomUUID() }));
    const onChange: WatchOptions['onChange'] = async ({ keys }) => {
      calls.push(keys);
      await release.promise;
    };
    const quick = new Watching(one.sessions, (await one.sessions.load(id))!, { keys: ['a', 'b', 'c'] as never });
    using watch = one.sessions.watch((await one.sessions.load(id))!, { onEnd: () => {}, onChange });
    for (const key of ['a', 'b', 'c']) {
      await set(key);
      await quick.changed(key);
      // Later, the watch could find two changes in one load.
      await vi.waitFor(() => expect(calls).toEqual([['a']]));
    }
    await sleep(5 * FEED.interval);
    release.resolve();
    await vi.waitFor(() => expect(calls).toHaveLength(2));
    expect(calls[1]!.toSorted()).toEqual(['b', 'c']);
    expect(watch.isLive).toBe(true);
    quick.watch.stop();
  });

  it('logs a callback that fails, which harms no other watch', async () => {
    const { one } = await withSession();
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    one.sessions.watch(id, {
      onEnd: () => {
        throw new TypeError('no client');
      },
    });
    one.sessions.watch(id, { onEnd: () => Promise.reject(new Error('closed')) });
    const watching = new Watching(one.sessions, id);
    await watching.watch.checked;
    await one.sessions.destroy(id);
    await watching.end();
    await vi.waitFor(() => expect(logged.mock.calls.map(([line]) => String(line))).toHaveLength(2));
    expect(logged.mock.calls.map(([line]) => String(line))).toEqual([
      'The callback onEnd of a watch failed: TypeError: no client',
      'The callback onEnd of a watch failed: Error: closed',
    ]);
    logged.mockRestore();
  });

  it('calls nothing after `stop`, and asks nothing when nothing is watched', async () => {
    const { one } = await withSession();
    const watching = new Watching(one.sessions, id);
    await watching.watch.checked;
    watching.watch.stop();
    watching.watch.stop();
    const { polls } = repository;
    await one.sessions.destroy(id);
    await sleep(5 * FEED.interval);
    expect([watching.ends, watching.watch.isLive, repository.polls]).toEqual([[], false, polls]);
  });

  it('refuses more watches than `feed.maxWatches`, and takes others after `stop`', async () => {
    const { one } = await withSession();
    const watch = () => one.sessions.watch(id, { onEnd: () => {} });
    const watches = Array.from({ length: 5 }, watch);
    expect(watch).toThrow(SessionWatchLimitError);
    watches[0]!.stop();
    expect(await watch().checked).toBe(true);
  });

  it('outlives failures that are shorter than the grace', async () => {
    const { one } = await withSession();
    const watching = new Watching(one.sessions, id);
    await watching.watch.checked;
    repository.failure = new Error('down');
    await sleep(2 * FEED.interval);
    repository.failure = undefined;
    const { polls } = repository;
    await vi.waitFor(() => expect(repository.polls).toBeGreaterThan(polls + 1));
    expect([watching.watch.isLive, watching.ends]).toEqual([true, []]);
    watching.watch.stop();
  });

  it('ends with `unknown` when the database does not answer for the grace', async () => {
    const { one } = await withSession();
    const user = newProcess(FEED);
    const watching = new Watching(one.sessions, id);
    await watching.watch.checked;
    repository.failure = new Error('down');
    const since = performance.now();
    expect((await watching.end()).reason).toBe('unknown');
    expect(performance.now() - since).toBeGreaterThan(FEED.grace / 2);
    expect([watching.watch.isLive, watching.ends.length]).toEqual([false, 1]);
    expect((await new Watching(user.sessions, id).end()).reason).toBe('unknown');
  });

  it('asks no longer than the grace of the oldest watch while others begin', async () => {
    const one = newProcess({ ...FEED, interval: 200, maxWatches: 100 }, repository, { userId: 'user' });
    const deadlines = noteDeadlines(one.polls);
    let isOver = false;
    const user = one.sessions.watch({ userId: 'u' }, { onEnd: () => (isOver = true) });
    await user.checked;
    const answeredAt = performance.now();
    for (const poll of ['statesOf', 'statesOfUsers'] as const) vi.spyOn(repository, poll).mockImplementation(() => new Promise(() => {}));
    const sockets = setInterval(() => one.sessions.watch(randomUUID(), { onEnd: () => {} }), 150);
    await vi.waitFor(() => expect(isOver).toBe(true), 3 * FEED.grace);
    clearInterval(sockets);
    expect(deadlines.length).toBeGreaterThan(2);
    expect(Math.max(...deadlines) - answeredAt).toBeLessThan(FEED.grace);
  });

  it('asks long enough about a session that was loaded long ago', async () => {
    const { one } = await withSession();
    const deadlines = noteDeadlines(one.polls);
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() - FEED.grace + 10);
    const session = (await one.sessions.load(id))!;
    clock.mockRestore();
    const watch = one.sessions.watch(session, { onEnd: () => {} });
    const begun = performance.now();
    expect(await watch.checked).toBe(true);
    expect(deadlines[0]! - begun).toBeGreaterThan(FEED.grace / 3);
  });

  it('ends with `unknown` when the app shuts down, also if it begins afterwards', async () => {
    const { one } = await withSession();
    const watching = new Watching(one.sessions, id);
    await watching.watch.checked;
    await one.feed.beforeApplicationShutdown();
    expect((await watching.end()).reason).toBe('unknown');
    expect((await new Watching(one.sessions, id).end()).reason).toBe('unknown');
  });

  it('gives watches that begin in `onEnd` their own time', async () => {
    const one = newProcess({ ...FEED, grace: 500 });
    await one.sessions.commit(newSession());
    let ends = 0;
    const begin = (): SessionWatch => one.sessions.watch(id, { onEnd: () => void (++ends < 1000 && begin()) });
    await Promise.all([begin().checked, begin().checked]);
    repository.failure = new Error('down');
    await vi.waitFor(() => expect(ends).toBeGreaterThan(0));
    const { polls } = repository;
    await vi.waitFor(() => expect(repository.polls).toBeGreaterThan(polls + 1));
    expect(ends).toBe(2);
    ends = Infinity;
  });

  it('does not recurse for a watch that begins in `onEnd` at the shutdown', async () => {
    const { one } = await withSession();
    let ends = 0;
    const begin = (): SessionWatch => one.sessions.watch(id, { onEnd: () => void (++ends < 1000 && begin()) });
    await Promise.all([begin().checked, begin().checked]);
    await one.feed.beforeApplicationShutdown();
    expect(ends).toBe(2);
    await vi.waitFor(() => expect(ends).toBeGreaterThan(2));
    ends = Infinity;
  });

  it('forgets a user who is watched no more when the poll in flight answers', async () => {
    const one = newProcess(LONG, repository, { userId: 'user' });
    await one.sessions.commit(newSession({ user: 'u' }));
    const poll = repository.holdPoll('users');
    const watch = one.sessions.watch({ userId: 'u' }, { onEnd: () => {} });
    await poll.read;
    watch.stop();
    const index = vi.spyOn(TargetIndex.prototype, 'add');
    poll.release();
    await one.feed.beforeApplicationShutdown();
    expect(index).not.toHaveBeenCalled();
    index.mockRestore();
  });

  it("runs callbacks in their caller's asynchronous context", async () => {
    const { one } = await withSession();
    const place = new AsyncLocalStorage<string>();
    const seen = new Set<unknown>();
    const watch = () => one.sessions.watch(id, { onEnd: () => void seen.add(place.getStore()) });
    const watches = [place.run('first', watch), place.run('second', watch)];
    await Promise.all(watches.map(({ checked }) => checked));
    await place.run('of the logout', () => one.sessions.destroy(id));
    await vi.waitFor(() => expect(seen).toEqual(new Set(['first', 'second'])));
  });

  it('waits while a session moves from the previous store', async () => {
    const previous = new MemoryStore();
    previous.set(id, { cookie: { originalMaxAge: null }, n: 0 } as never);
    const { sessions, get } = serviceOver(repository, { feed: FEED, migrateFrom: previous });
    started.push(get(SessionFeed));
    const watching = new Watching(sessions, id);
    expect(await watching.watch.checked).toBe(true);
    await sessions.destroy(id);
    expect((await watching.end()).reason).toBe('ended');
  });

  it('ends with `unknown` if the previous store fails', async () => {
    const previous = { get: (_id: string, done: (error: Error) => void) => done(new Error('down')), destroy: () => {} };
    const { sessions, get } = serviceOver(repository, { feed: LONG, migrateFrom: previous as never });
    started.push(get(SessionFeed));
    expect((await new Watching(sessions, id).end()).reason).toBe('unknown');
  });

  it('works on a repository without a statement for polls', async () => {
    const plain = new HeldRepository(database.context);
    plain.statesOf = SessionRepository.prototype.statesOf;
    plain.statesOfUsers = SessionRepository.prototype.statesOfUsers;
    const { sessions } = newProcess(FEED, plain);
    await sessions.commit(newSession());
    const watching = new Watching(sessions, id);
    expect(await watching.watch.checked).toBe(true);
    await sessions.destroy(id);
    expect((await watching.end()).reason).toBe('ended');
  });

  it.each([
    ['no callback', (sessions: SessionService) => sessions.watch('id', {} as never), TypeError],
    ['a wrong `onChange`', (sessions: SessionService) => sessions.watch('id', { onEnd: () => {}, onChange: 'x' as never }), TypeError],
    ['wrong `keys`', (sessions: SessionService) => sessions.watch('id', { onEnd: () => {}, keys: 'cart' as never }), TypeError],
    ['no options', (sessions: SessionService) => sessions.watch('id', undefined as never), TypeError],
    ['an empty id', (sessions: SessionService) => sessions.watch('', { onEnd: () => {} }), TypeError],
    ['an object that is no session', (sessions: SessionService) => sessions.watch({}, { onEnd: () => {} }), TypeError],
    ['a user without `userId`', (sessions: SessionService) => sessions.watch({ userId: 1 }, { onEnd: () => {} }), SmartSessionConfigError],
  ])('refuses %s', (_name, watch, error) => {
    expect(() => watch(newProcess().sessions)).toThrow(error);
  });
});
