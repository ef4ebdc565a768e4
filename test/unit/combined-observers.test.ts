import { combineObservers } from '../../src/observers/combined-observers.js';
import type { Merge } from '../../src/observers/merge-trace.js';
import { RecordingObservers } from '../support/recording-observers.js';

const MERGE: Merge = { keys: ['a'], contested: [], attempts: 2 };
const SESSION = { storageKey: 'key', userId: 'ann' };

describe('several observers', () => {
  it('are each told of every event, with all that belongs to it', () => {
    const all = [new RecordingObservers(), new RecordingObservers(), new RecordingObservers()];
    const combined = combineObservers(all.map(({ lifecycle }) => lifecycle!))!;
    combined.created(SESSION);
    combined.merged(SESSION, MERGE);
    combined.destroyed(SESSION, 'revoked');
    combined.expired(SESSION);
    for (const { told } of all)
      expect(told).toEqual([
        ['created', 'ann'],
        ['merged', 'ann', MERGE],
        ['destroyed', 'ann', 'revoked'],
        ['expired', 'ann'],
      ]);
  });

  it('are that one itself if there is only one', () => {
    const { lifecycle } = new RecordingObservers();
    expect(combineObservers([lifecycle!])).toBe(lifecycle);
  });

  it('are none if there is none, so that no event is made', () => {
    expect(combineObservers([])).toBeUndefined();
  });
});
