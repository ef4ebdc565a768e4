import { of, throwError, Subject, type Observable } from 'rxjs';
import { afterCommit } from '../../src/interceptors/session.interceptor.js';

/** What a handler's subscriber sees of it, beside the commits that begin and end, in their order. */
function watch(handled: Observable<unknown>, commits: ('ends' | 'fails' | 'throws' | 'nothing')[]) {
  const seen: string[] = [];
  const ends: (() => void)[] = [];
  const commit = () => {
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
  const subscription = afterCommit(handled, commit).subscribe({
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
