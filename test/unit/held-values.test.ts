import { HeldValues } from '../../src/live/held-values.js';

const stays = () => false;
const differs = () => true;

describe('the values that commits have stored while a response was held', () => {
  let held: HeldValues;

  beforeEach(() => void (held = new HeldValues()));

  it('cover nothing that was not stored', () => {
    expect(held.cover({ a: 1 }, ['a'], differs)).toBe(false);
    held.note({ a: 1 }, ['a']);
    expect(held.cover({ a: 1, b: 1 }, ['a', 'b'], differs)).toBe(false);
  });

  it('cover no keys at all', () => {
    expect(held.cover({}, [], stays)).toBe(true);
  });

  it('cover the same object if another look at it finds yet another text', () => {
    const session = { clock: { toJSON: () => performance.now() } };
    held.note(session, ['clock']);
    expect(held.cover(session, ['clock'], differs)).toBe(true);
  });

  it('do not cover the same object that a handler has changed inside: its text is stable', () => {
    const session = { list: [1] };
    held.note(session, ['list']);
    session.list.push(2);
    expect(held.cover(session, ['list'], stays)).toBe(false);
  });

  it('cover the same object after its second commit, whatever its text', () => {
    const session = { list: [1] };
    held.note(session, ['list']);
    held.note(session, ['list']);
    expect(held.cover(session, ['list'], stays)).toBe(true);
  });

  it('do not cover another value under the key', () => {
    const session = { value: {} };
    held.note(session, ['value']);
    held.note(session, ['value']);
    session.value = {};
    expect(held.cover(session, ['value'], differs)).toBe(false);
    held.note(session, ['value']);
    // The count begins again with the new value.
    expect(held.cover(session, ['value'], stays)).toBe(false);
  });

  it('go by the accessor, and do not call it', () => {
    let calls = 0;
    const session = {
      get counter() {
        return ++calls;
      },
    };
    held.note(session, ['counter']);
    expect(held.cover(session, ['counter'], differs)).toBe(true);
    expect(calls).toBe(0);
  });

  it('cover a deleted key as a value that stays undefined', () => {
    held.note({}, ['a']);
    held.note({}, ['a']);
    expect(held.cover({}, ['a'], stays)).toBe(true);
    expect(held.cover({ a: null }, ['a'], stays)).toBe(false);
  });
});
