import { EndedSessions } from '../../src/ending/ended-sessions.js';

/** A time at which no request of this test can have begun yet. */
const LATER = Infinity;
const EARLIER = -Infinity;

describe('the sessions that were destroyed', () => {
  let ended: EndedSessions;

  beforeEach(() => void (ended = new EndedSessions()));

  it('are none at first', () => {
    expect(ended.isEmpty).toBe(true);
    expect(ended.has('a', EARLIER, true)).toBe(false);
    expect(ended.isPending('a')).toBe(false);
    expect(ended.claim('a', true)).toBe(false);
  });

  it('are pending until the database has answered: until then a stored session counts as live, a new one does not', () => {
    ended.begin('a');
    expect(ended.isEmpty).toBe(false);
    expect(ended.isPending('a')).toBe(true);
    expect(ended.has('a', EARLIER, false)).toBe(false);
    expect(ended.has('a', EARLIER, true)).toBe(true);
    ended.conclude('a', true);
    expect(ended.isPending('a')).toBe(false);
    expect(ended.has('a', EARLIER, false)).toBe(true);
  });

  it('are known by their own keys', () => {
    ended.begin('a');
    ended.conclude('a', true);
    expect(ended.has('b', EARLIER, true)).toBe(false);
  });

  it('do not count for a request that began afterwards: its session is another of the same id', () => {
    ended.begin('a');
    ended.conclude('a', true);
    expect(ended.has('a', LATER, true)).toBe(false);
  });

  it('are forgotten when they could not be destroyed', () => {
    ended.begin('a');
    ended.giveUp('a');
    expect(ended.isEmpty).toBe(true);
  });

  it('stay known when only a second attempt fails', () => {
    ended.begin('a');
    ended.conclude('a', true);
    ended.begin('a');
    ended.giveUp('a');
    expect(ended.has('a', EARLIER, false)).toBe(true);
  });

  it('stay ended by this process when a second attempt finds no record', () => {
    ended.begin('a');
    ended.conclude('a', true);
    ended.conclude('a', false);
    expect(ended.claim('a', false)).toBe(true);
  });

  it('are told to one response alone', () => {
    ended.begin('a');
    ended.conclude('a', true);
    expect(ended.claim('a', false)).toBe(true);
    expect(ended.claim('a', false)).toBe(false);
    ended.begin('a');
    expect(ended.claim('a', true)).toBe(false);
  });

  it('had no record: only the request that has ended its own session tells', () => {
    ended.begin('a');
    ended.conclude('a', false);
    expect(ended.claim('a', false)).toBe(false);
    expect(ended.claim('a', true)).toBe(true);
  });

  it('are forgotten, the oldest first, when there are more than 10,000', () => {
    for (let n = 0; n <= 10_000; n++) ended.begin(`session ${n}`);
    expect(ended.isPending('session 0')).toBe(false);
    expect(ended.isPending('session 1')).toBe(true);
    expect(ended.isPending('session 10000')).toBe(true);
  });
});
