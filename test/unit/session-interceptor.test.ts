import { Subject, concat, from, of, throwError, type Observable } from 'rxjs';
import { afterCommit } from '../../src/interceptors/session.interceptor.js';

/** What a handler's subscriber sees of it, beside the commits that begin and end, in their order. */
function watch(handled: Observable<unknown>, commits: ('ends' | 'fails' | 'throws' | 'nothing')[], findsLast = false) {
  const seen: string[] = [];
  const ends: (() => void)[] = [];
  const commit = (isLast: boolean) => {
    if (isLast) seen.push('last');
    const kind = commits.shift() ?? 'nothing';
    if (kind === 'throws') throw new Error('at once');
    if (kind === 'nothing') return undefined;
    seen.push('begins');
    return new Promise<void>((resolve, reject) => {
      ends.push(() => {
        seen.push(kind);
        if (kind === 'ends') resolve();
        else reject(new Error('refused'));
      });
    });
  };
  const subscription = afterCommit(handled, commit, () => undefined, findsLast).subscribe({
    next: (value) => seen.push(String(value)),
    error: (error: Error) => seen.push(error.message),
    complete: () => seen.push('complete'),
  });
  const end = async () => {
    ends.shift()!();
    await new Promise(setImmediate);
  };
  return { seen, end, subscription };
}

describe('afterCommit', () => {
  it('passes on at once where nothing is to commit', () => {
    expect(watch(of('a', 'b'), []).seen).toEqual(['a', 'b', 'complete']);
  });

  it('commits before each value, one after the other, and completes last', async () => {
    const { seen, end } = watch(of('a', 'b', 'c'), ['ends', 'nothing', 'ends']);
    expect(seen).toEqual(['begins']);
    await end();
    expect(seen).toEqual(['begins', 'ends', 'a', 'b', 'begins']);
    await end();
    expect(seen.slice(5)).toEqual(['ends', 'c', 'complete']);
  });

  it('passes on at once again what comes after all that waited', async () => {
    const handled = new Subject<string>();
    const { seen, end } = watch(handled, ['ends']);
    handled.next('a');
    await end();
    handled.next('b');
    expect(seen).toEqual(['begins', 'ends', 'a', 'b']);
  });

  it('commits before an error, after the values before it', async () => {
    const handled = new Subject<string>();
    const { seen, end } = watch(handled, ['ends', 'ends']);
    handled.next('a');
    handled.error(new Error('thrown'));
    await end();
    await end();
    expect(seen).toEqual(['begins', 'ends', 'a', 'begins', 'ends', 'thrown']);
  });

  describe('that finds the last value', () => {
    const turn = () => new Promise(setImmediate);

    it.each<[string, Observable<unknown>, string[]]>([
      ['the only one', of('a'), ['last', 'a', 'complete']],
      ['that of a promise', from(Promise.resolve('a')), ['last', 'a', 'complete']],
      ['the last of some', of('a', 'b'), ['a', 'last', 'b', 'complete']],
      ['none without a value', of(), ['complete']],
      [
        'none before an error',
        concat(
          of('a'),
          throwError(() => new Error('thrown')),
        ),
        ['a', 'thrown'],
      ],
    ])('%s', async (_name, handled, expected) => {
      const { seen } = watch(handled, [], true);
      await turn();
      await turn();
      expect(seen).toEqual(expected);
    });

    it('takes none for the last one before the handler has completed', async () => {
      const handled = new Subject<string>();
      const { seen, end } = watch(handled, ['ends', 'ends'], true);
      handled.next('a');
      await turn();
      handled.next('b');
      handled.complete();
      await end();
      await end();
      expect(seen).toEqual(['begins', 'ends', 'a', 'last', 'begins', 'ends', 'b', 'complete']);
    });
  });

  it('fails with the commit, and commits nothing more', async () => {
    const { seen, end } = watch(of('a', 'b'), ['fails', 'ends']);
    await end();
    expect(seen).toEqual(['begins', 'fails', 'refused']);
    expect(
      watch(
        throwError(() => new Error('thrown')),
        ['throws'],
      ).seen,
    ).toEqual(['at once']);
  });

  it('commits nothing more for a client that has gone', async () => {
    const { seen, end, subscription } = watch(of('a', 'b'), ['ends', 'ends']);
    subscription.unsubscribe();
    await end();
    expect(seen).toEqual(['begins', 'ends']);
  });
});
