import { vi } from 'vitest';
import { Batcher, type Batch, type BatcherSettings } from '../../src/batching/batcher.js';
import { SessionObservers, type OperationObserver } from '../../src/observers/session-observers.js';
import { SessionUnavailableError } from '../../src/smart-session.errors.js';

/** Lets every promise that can settle now do so. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Lets the callbacks of promises run, in the same turn of the event loop. */
async function microtasks(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve();
}

/** A statement that was sent, and is answered when the test says so. */
interface Sent {
  readonly batch: Batch<string, string>;
  readonly keys: string[];
  /** Settles the items: a failing key rejects. */
  answer(failingKey?: string): Promise<unknown>;
}

class TestBatcher extends Batcher<string, string> {
  readonly sent: Sent[] = [];
  readonly alone: string[] = [];

  constructor(settings: Partial<BatcherSettings> = {}) {
    super({ operation: 'load', kind: 'load', observers: { operations: undefined }, maxWaiting: 1000, isBlocking: false, ...settings });
  }

  get keys(): string[][] {
    return this.sent.map(({ keys }) => keys);
  }

  isQueued(key: string): boolean {
    return this.has(key);
  }

  protected send(batch: Batch<string, string>): Promise<void> {
    return new Promise((resolve) => {
      const answer = (failingKey?: string) => {
        for (const [key, pending] of batch)
          if (key === failingKey) pending.reject(new Error(`no ${key}`));
          else pending.resolve(`result of ${pending.item}`);
        resolve();
        return settled();
      };
      this.sent.push({ batch, keys: [...batch.keys()], answer });
    });
  }

  protected override sendAlone(key: string, item: string): Promise<string> | undefined {
    if (item !== 'alone') return undefined;
    this.alone.push(key);
    return Promise.resolve(`${item} by itself`);
  }

  protected override sizeOf(item: string): number {
    return item.length;
  }
}

/** Submits each key with itself as its item. */
const submit = (batcher: TestBatcher, ...keys: string[]) => Promise.all(keys.map((key) => batcher.submit(key, key)));

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `k${n}`);

describe('a batcher', () => {
  it('sends an item immediately if no statement is in flight', async () => {
    const batcher = new TestBatcher();
    const result = batcher.submit('a', 'item');
    expect(batcher.keys).toEqual([['a']]);
    await batcher.sent[0]!.answer();
    await expect(result).resolves.toBe('result of item');
    void submit(batcher, 'b');
    expect(batcher.keys).toEqual([['a'], ['b']]);
  });

  it('sends all that have waited as one statement, in the order of their submission', async () => {
    const batcher = new TestBatcher();
    const results = submit(batcher, 'a', 'c', 'b', 'd');
    expect(batcher.keys).toEqual([['a']]);
    await batcher.sent[0]!.answer();
    expect(batcher.keys).toEqual([['a'], ['c', 'b', 'd']]);
    await batcher.sent[1]!.answer();
    await expect(results).resolves.toEqual(['a', 'c', 'b', 'd'].map((key) => `result of ${key}`));
  });

  it('never lets an item join a statement that was sent before', async () => {
    const batcher = new TestBatcher();
    const early = batcher.submit('a', 'early');
    const late = batcher.submit('a', 'late');
    expect(batcher.isQueued('a')).toBe(true);
    await batcher.sent[0]!.answer();
    await expect(early).resolves.toBe('result of early');
    expect(batcher.isQueued('a')).toBe(false);
    expect(batcher.keys).toEqual([['a'], ['a']]);
    await batcher.sent[1]!.answer();
    await expect(late).resolves.toBe('result of late');
  });

  it('sends a key that waits once, and gives its result to each caller', async () => {
    const batcher = new TestBatcher();
    void submit(batcher, 'first');
    const callers = [batcher.submit('a', 'one'), batcher.submit('a', 'two')];
    await batcher.sent[0]!.answer();
    await batcher.sent[1]!.answer();
    expect(batcher.keys).toEqual([['first'], ['a']]);
    await expect(Promise.all(callers)).resolves.toEqual(['result of one', 'result of one']);
  });

  it('sends an item that must not share a statement at once, also while another is in flight', async () => {
    const batcher = new TestBatcher();
    void submit(batcher, 'a');
    await expect(batcher.submit('b', 'alone')).resolves.toBe('alone by itself');
    expect(batcher.alone).toEqual(['b']);
    expect(batcher.keys).toEqual([['a']]);
  });

  it('sends at most 100 keys in a statement', async () => {
    const batcher = new TestBatcher();
    void submit(batcher, 'first', ...numbered(150));
    await batcher.sent[0]!.answer();
    expect(batcher.keys[1]).toEqual(numbered(100));
    await batcher.sent[1]!.answer();
    expect(batcher.keys[2]).toEqual(numbered(150).slice(100));
  });

  it('keeps a statement within its largest size, but sends an item that is larger', async () => {
    const batcher = new TestBatcher({ largestSize: 4 });
    void submit(batcher, 'first', 'ab', 'cd', 'e', 'larger', 'f');
    for (let n = 0; n < 4; n++) await batcher.sent[n]!.answer();
    expect(batcher.keys).toEqual([['first'], ['ab', 'cd'], ['e'], ['larger'], ['f']]);
  });

  it('tells when each item was submitted', async () => {
    const before = performance.now();
    const batcher = new TestBatcher();
    void submit(batcher, 'a', 'b');
    const after = performance.now();
    await batcher.sent[0]!.answer();
    const { since } = batcher.sent[1]!.batch.get('b')!;
    expect(since).toBeGreaterThanOrEqual(before);
    expect(since).toBeLessThanOrEqual(after);
  });
});

describe('a failure in a batch', () => {
  it('rejects the callers of its key only', async () => {
    const batcher = new TestBatcher();
    void submit(batcher, 'first');
    const callers = ['a', 'b', 'b', 'c'].map((key) => batcher.submit(key, key));
    const outcomes = Promise.allSettled(callers);
    await batcher.sent[0]!.answer();
    await batcher.sent[1]!.answer('b');
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    await expect(callers[1]).rejects.toThrow('no b');
  });

  it('does not hold up the next statement', async () => {
    const batcher = new TestBatcher();
    const failed = expect(batcher.submit('a', 'a')).rejects.toThrow('no a');
    void submit(batcher, 'b');
    await batcher.sent[0]!.answer('a');
    await failed;
    expect(batcher.keys).toEqual([['a'], ['b']]);
  });
});

describe('the limit `maxWaiting`', () => {
  it('refuses a key if as many wait, and does not count those that were sent', async () => {
    const batcher = new TestBatcher({ maxWaiting: 2, operation: 'touch' });
    void submit(batcher, 'sent', 'a', 'b');
    const refused = batcher.submit('c', 'c');
    await expect(refused).rejects.toThrow(SessionUnavailableError);
    await expect(refused).rejects.toThrow('Could not touch the session: 2 others are waiting');
    await batcher.sent[0]!.answer();
    expect(batcher.keys[1]).toEqual(['a', 'b']);
    void submit(batcher, 'c');
    expect(batcher.isQueued('c')).toBe(true);
  });

  it('refuses a caller if as many wait for its key, and answers the others', async () => {
    const batcher = new TestBatcher({ maxWaiting: 2 });
    void submit(batcher, 'sent');
    const callers = submit(batcher, 'a', 'a');
    const refused = batcher.submit('a', 'a');
    await expect(refused).rejects.toThrow(SessionUnavailableError);
    await expect(refused).rejects.toThrow('2 other calls for this session are waiting');
    await batcher.sent[0]!.answer();
    await batcher.sent[1]!.answer();
    await expect(callers).resolves.toEqual(['result of a', 'result of a']);
  });
});

describe('a statement that is not answered', () => {
  beforeEach(() => void vi.useFakeTimers({ toNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] }));
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** Lets this much time pass, in ms. */
  async function pass(ms: number): Promise<void> {
    vi.advanceTimersByTime(ms);
    await settled();
  }

  it('holds up the next one for 5 ms, and is still answered after that', async () => {
    const batcher = new TestBatcher();
    const slow = batcher.submit('a', 'a');
    void submit(batcher, 'b', 'c');
    await pass(4);
    expect(batcher.keys).toEqual([['a']]);
    await pass(1);
    expect(batcher.keys).toEqual([['a'], ['b', 'c']]);
    await batcher.sent[0]!.answer();
    await expect(slow).resolves.toBe('result of a');
  });

  it('does not let a third statement go when it is answered at last', async () => {
    const batcher = new TestBatcher();
    void submit(batcher, 'a', 'b');
    await pass(5);
    void submit(batcher, 'c');
    await batcher.sent[0]!.answer();
    expect(batcher.keys).toEqual([['a'], ['b']]);
    await batcher.sent[1]!.answer();
    expect(batcher.keys).toEqual([['a'], ['b'], ['c']]);
  });

  it('holds up nothing if its answer has arrived while the event loop was busy', async () => {
    const batcher = new TestBatcher();
    void submit(batcher, 'a', 'b');
    vi.advanceTimersByTime(5);
    void submit(batcher, 'c');
    expect(batcher.keys).toEqual([['a']]);
    await batcher.sent[0]!.answer();
    expect(batcher.keys).toEqual([['a'], ['b', 'c']]);
    await pass(4);
    void submit(batcher, 'd');
    await pass(0);
    expect(batcher.keys).toEqual([['a'], ['b', 'c']]);
  });

  describe('with three others', () => {
    let batcher: TestBatcher;

    beforeEach(async () => {
      batcher = new TestBatcher();
      for (const key of ['a', 'b', 'c', 'd']) {
        void submit(batcher, key);
        await pass(5);
      }
      expect(batcher.keys).toEqual([['a'], ['b'], ['c'], ['d']]);
      void submit(batcher, 'e', 'f');
      await pass(5);
      expect(batcher.keys).toHaveLength(4);
    });

    it.each([0, 1, 3])('holds up the next one until one of them is answered: number %i', async (number) => {
      await batcher.sent[number]!.answer();
      expect(batcher.keys.slice(4)).toEqual([['e', 'f']]);
      void submit(batcher, 'g');
      await pass(5);
      expect(batcher.keys.slice(4)).toEqual([['e', 'f']]);
    });

    it('holds up the next one for 50 ms at most, because all of them may wait for a lock', async () => {
      await pass(39);
      expect(batcher.keys).toHaveLength(4);
      await pass(1);
      expect(batcher.keys.slice(4)).toEqual([['e', 'f']]);
      void submit(batcher, 'g');
      await pass(5);
      await pass(44);
      expect(batcher.keys).toHaveLength(5);
      await pass(1);
      expect(batcher.keys).toHaveLength(6);
    });
  });

  it('leaves no timer after its answer', async () => {
    const [set, clear] = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'clearTimeout')];
    const batcher = new TestBatcher();
    void submit(batcher, 'a');
    const own = set.mock.results[set.mock.calls.findIndex(([, ms]) => ms === 5)]?.value;
    expect(own).toBeDefined();
    await batcher.sent[0]!.answer();
    expect(clear.mock.calls.flat()).toContain(own);
  });
});

describe('after the answer of a driver', () => {
  it.each([
    {
      isBlocking: true,
      title: 'that blocks, items wait for the end of the turn and are sent together',
      inTurn: [['a']],
      after: [['a'], ['b', 'c']],
    },
    { isBlocking: false, title: 'that does not block, an item is sent in the same turn', inTurn: [['a'], ['b']], after: [['a'], ['b']] },
  ])('$title', async ({ isBlocking, inTurn, after }) => {
    const batcher = new TestBatcher({ isBlocking });
    void submit(batcher, 'a');
    void batcher.sent[0]!.answer();
    await microtasks();
    void submit(batcher, 'b');
    expect(batcher.keys).toEqual(inTurn);
    void submit(batcher, 'c');
    await settled();
    await settled();
    expect(batcher.keys).toEqual(after);
  });
});

describe('an observer', () => {
  let told: [string, readonly unknown[]][];
  let current: string;
  beforeEach(() => (told = []));

  const observer = (name = '') =>
    ({
      current: () => `${name}${current}`,
      batch: (kind: string, members: readonly unknown[], send: () => Promise<unknown>) => {
        told.push([`${name}${kind}`, members]);
        return send();
      },
    }) as OperationObserver;
  const ask = (batcher: TestBatcher, operation: string, key: string) => {
    current = operation;
    void batcher.submit(key, key);
  };

  it('is told the kind of each batch, and the operations of all its callers in their order', async () => {
    const batcher = new TestBatcher({ kind: 'update', observers: { operations: observer() } });
    ask(batcher, 'request 1', 'a');
    ask(batcher, 'request 2', 'b');
    ask(batcher, 'request 3', 'c');
    ask(batcher, 'request 4', 'b');
    await batcher.sent[0]!.answer();
    expect(told).toEqual([
      ['update', ['request 1']],
      ['update', ['request 2', 'request 4', 'request 3']],
    ]);
  });

  it('that replaces another one is told of the operations that came after it', async () => {
    const observers = new SessionObservers(undefined, undefined);
    const batcher = new TestBatcher({ observers });
    ask(batcher, '1', 'a');
    observers.replace(undefined, observer('first '));
    ask(batcher, '2', 'b');
    observers.replace(undefined, observer('second '));
    ask(batcher, '3', 'b');
    ask(batcher, '4', 'c');
    ask(batcher, '5', 'c');
    await batcher.sent[0]!.answer();
    ask(batcher, '6', 'd');
    observers.replace(undefined, observer('third '));
    await batcher.sent[1]!.answer();
    expect(batcher.keys).toEqual([['a'], ['b', 'c'], ['d']]);
    expect(told).toEqual([['second load', ['second 4', 'second 5']]]);
  });
});
