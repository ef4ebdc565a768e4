import { UpdateLedger } from '../../bench/src/load/ledger.js';

describe('the ledger of a benchmark', () => {
  let ledger: UpdateLedger;
  beforeEach(() => (ledger = new UpdateLedger('0')));

  it('finds nothing lost if each slot has its acknowledged value', () => {
    ledger.written('a', 1, '1', '0');
    ledger.written('a', 1, '2', '1');
    ledger.seen('a', 1, '2');
    ledger.seen('a', 2, '0');
    expect(ledger).toMatchObject({ acknowledged: 2, lost: 0 });
  });

  it('counts an update once that the next answer does not show', () => {
    ledger.written('a', 1, '1', '0');
    ledger.seen('a', 1, '0');
    ledger.seen('a', 1, '0');
    expect(ledger).toMatchObject({ acknowledged: 1, lost: 1 });
  });

  it('counts an update that the next write did not find', () => {
    ledger.written('a', 1, '1', '0');
    ledger.written('a', 1, '2', '0');
    expect(ledger).toMatchObject({ acknowledged: 2, lost: 1 });
  });

  it('keeps sessions and slots apart', () => {
    ledger.written('a', 1, '1', '0');
    ledger.seen('b', 1, '0');
    ledger.seen('a', 2, '0');
    expect(ledger.lost).toBe(0);
    expect([...ledger.sessions()]).toEqual(['a', 'b']);
  });

  it.each(['1', '2', '3'])('takes either value of writes without an answer: %s', (shown) => {
    ledger.written('a', 1, '1', '0');
    ledger.unknown('a', 1, '2');
    ledger.unknown('a', 1, '3');
    ledger.seen('a', 1, shown);
    expect(ledger).toMatchObject({ acknowledged: 1, lost: 0 });
  });

  it('still finds what was there before those lost', () => {
    ledger.written('a', 1, '1', '0');
    ledger.unknown('a', 1, '2');
    ledger.seen('a', 1, '0');
    expect(ledger.lost).toBe(1);
  });

  it('settles on what was seen after a write without an answer', () => {
    ledger.unknown('a', 1, '1');
    ledger.seen('a', 1, '1');
    ledger.seen('a', 1, '0');
    expect(ledger.lost).toBe(1);
  });

  it('counts anew, and still knows what must be there', () => {
    ledger.written('a', 1, '1', '0');
    ledger.resetCounts();
    ledger.seen('a', 1, '0');
    expect(ledger).toMatchObject({ acknowledged: 0, lost: 1 });
  });
});
