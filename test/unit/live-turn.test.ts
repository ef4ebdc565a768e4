import { LiveSession } from '../../src/live/live-session.js';
import { LiveTurn, afterOthers } from '../../src/live/live-turn.js';

/** Lets every promise that can settle now do so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Work that the test ends. */
function openWork(): { run(): Promise<string>; resolve(result: string): void; reject(error: Error): void; isRunning: boolean } {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const work = { run, resolve, reject, isRunning: false };
  function run(): Promise<string> {
    work.isRunning = true;
    return promise;
  }
  return work;
}

describe('a turn', () => {
  it('comes at once on a session without work', async () => {
    await expect(new LiveTurn(new LiveSession('key')).before).resolves.toBeUndefined();
  });

  it('comes after the one that was taken before has ended', async () => {
    const live = new LiveSession('key');
    const first = new LiveTurn(live);
    const second = new LiveTurn(live);
    let hasCome = false;
    void second.before.then(() => (hasCome = true));
    await settled();
    expect(hasCome).toBe(false);
    first.end();
    await settled();
    expect(hasCome).toBe(true);
  });

  it('waits for the last turn, not for the first', async () => {
    const live = new LiveSession('key');
    const [first, second, third] = [new LiveTurn(live), new LiveTurn(live), new LiveTurn(live)];
    let hasCome = false;
    void third.before.then(() => (hasCome = true));
    first.end();
    await settled();
    expect(hasCome).toBe(false);
    second.end();
    await settled();
    expect(hasCome).toBe(true);
  });

  it('does not wait for another session', async () => {
    const busy = new LiveTurn(new LiveSession('busy'));
    await expect(new LiveTurn(new LiveSession('key')).before).resolves.toBeUndefined();
    busy.end();
  });

  it('fails with the error of the turn before, which gets its error back', async () => {
    const live = new LiveSession('key');
    const first = new LiveTurn(live);
    const second = new LiveTurn(live);
    const error = new Error('not stored');
    expect(first.fail(error)).toBe(error);
    await expect(second.before).rejects.toBe(error);
  });

  it('may fail with no turn after it', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      new LiveTurn(new LiveSession('key')).fail(new Error('not stored'));
      await settled();
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });

  it.each(['end', 'fail'] as const)('leaves nothing to wait for after its %s', async (how) => {
    const live = new LiveSession('key');
    const turn = new LiveTurn(live);
    expect(live.committing).toBeDefined();
    turn[how](new Error('not stored'));
    expect(live.committing).toBeUndefined();
    await expect(new LiveTurn(live).before).resolves.toBeUndefined();
  });

  it.each(['end', 'fail'] as const)('keeps a later turn on the session after its %s', (how) => {
    const live = new LiveSession('key');
    const first = new LiveTurn(live);
    const second = new LiveTurn(live);
    const { committing } = live;
    second.before.catch(() => undefined);
    first[how](new Error('not stored'));
    expect(live.committing).toBe(committing);
    second.end();
  });
});

describe('independent work', () => {
  it('takes its turn at once, and runs after the work before it', async () => {
    const live = new LiveSession('key');
    const before = new LiveTurn(live);
    const work = openWork();
    const result = afterOthers(live, work.run);
    const after = new LiveTurn(live);
    let hasCome = false;
    void after.before.then(() => (hasCome = true));
    await settled();
    expect(work.isRunning).toBe(false);
    before.end();
    await settled();
    expect(work.isRunning).toBe(true);
    expect(hasCome).toBe(false);
    work.resolve('done');
    await expect(result).resolves.toBe('done');
    await settled();
    expect(hasCome).toBe(true);
  });

  it('runs though the work before it has failed', async () => {
    const live = new LiveSession('key');
    const before = new LiveTurn(live);
    const result = afterOthers(live, async () => 'done');
    before.fail(new Error('not stored'));
    await expect(result).resolves.toBe('done');
  });

  it('throws its own failure, and does not fail the work after it', async () => {
    const live = new LiveSession('key');
    const work = openWork();
    const result = afterOthers(live, work.run);
    const after = new LiveTurn(live);
    const error = new Error('own');
    work.reject(error);
    await expect(result).rejects.toBe(error);
    await expect(after.before).resolves.toBeUndefined();
    after.end();
    expect(live.committing).toBeUndefined();
  });
});
