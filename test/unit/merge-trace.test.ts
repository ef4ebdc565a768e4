import { computeDelta } from '../../src/merge/delta.js';
import { MergeTrace } from '../../src/observers/merge-trace.js';

const values = (object: Record<string, number>) => new Map(Object.entries(object).map(([key, value]) => [key, String(value)]));

/** Traces a request that has changed `base` to `mine`. */
function traceOf(base: Map<string, string>, mine: Record<string, number>): MergeTrace {
  return new MergeTrace(computeDelta(base, values(mine)), base);
}

describe('the trace of a merge', () => {
  const base = values({ a: 1, b: 1 });

  it('finds no merge where the delta was applied to its base', () => {
    const trace = traceOf(base, { a: 2, b: 1 });
    trace.note(base);
    expect(trace.isOnBase).toBe(true);
    expect(trace.find()).toBeUndefined();
  });

  it('finds no merge with a record of the same values', () => {
    const trace = traceOf(base, { a: 2, b: 1 });
    trace.note(values({ a: 1, b: 1 }));
    expect(trace.isOnBase).toBe(false);
    expect(trace.find()).toBeUndefined();
  });

  it('names the keys of the request, and those among them that others have changed too', () => {
    const trace = traceOf(base, { a: 2, c: 1 });
    trace.note(values({ a: 5, b: 1, d: 1 }));
    expect(trace.find()).toEqual({ keys: ['a', 'c', 'b'], contested: ['a'], attempts: 1 });
  });

  it('counts a key that others have deleted as contested', () => {
    const trace = traceOf(base, { a: 2, b: 1 });
    trace.note(values({ b: 1 }));
    expect(trace.find()).toMatchObject({ contested: ['a'] });
  });

  it('goes by the last record, and counts the attempts', () => {
    const trace = traceOf(base, { a: 2, b: 1 });
    trace.note(base);
    trace.note(values({ a: 5, b: 1 }));
    trace.note(values({ a: 1, b: 7 }));
    expect(trace.find()).toEqual({ keys: ['a'], contested: [], attempts: 3 });
  });
});
