import { EventLoopTurns } from '../../src/batching/event-loop-turns.js';

/** Lets the callbacks of promises run, in the same turn of the event loop. */
async function microtasks(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve();
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('turns of the event loop', () => {
  it('are not given before the current turn ends', async () => {
    let isGiven = false;
    const turn = new EventLoopTurns().next().then(() => (isGiven = true));
    await microtasks();
    expect(isGiven).toBe(false);
    await turn;
  });

  it('are given to one caller each, in the order of the calls', async () => {
    const turns = new EventLoopTurns();
    const given: string[] = [];
    for (const caller of ['first', 'second', 'third']) void turns.next().then(() => given.push(caller));
    const history: number[] = [];
    while (given.length < 3) {
      await nextTurn();
      await microtasks();
      history.push(given.length);
    }
    // Between two turns of the loop at most one caller has run.
    expect(history.map((count, n) => count - (history[n - 1] ?? 0)).filter((more) => more > 1)).toEqual([]);
    expect(given).toEqual(['first', 'second', 'third']);
  });

  it('are not held up by other instances', async () => {
    const [one, other] = [new EventLoopTurns(), new EventLoopTurns()];
    const given: string[] = [];
    const calls = [one.next(), one.next(), other.next()].map((turn, n) => turn.then(() => given.push(`call ${n}`)));
    await Promise.all(calls);
    expect(given.indexOf('call 2')).toBeLessThan(given.indexOf('call 1'));
  });
});
