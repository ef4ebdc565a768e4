import { SessionCodec, type SessionValues } from '../../src/codec/session.codec.js';
import { rebase } from '../../src/live/rebase.js';
import type { EncodedValues } from '../../src/merge/encoded-values.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';

const codec = new SessionCodec(new SmartSessionOptions({ secret: 'x' }));

function encoded(values: SessionValues): EncodedValues {
  return new Map(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)]));
}

function asObject(values: EncodedValues): SessionValues {
  return Object.fromEntries(Array.from(values.keys(), (key) => [key, JSON.parse(values.get(key)!)]));
}

/** Rebases a session from `then` to `now`; returns its base. */
function run(session: object, then: SessionValues, now: SessionValues): SessionValues {
  return asObject(rebase(session, codec, encoded(then), encoded(now)));
}

describe('a rebase', () => {
  it('shows what others have set, changed and deleted', () => {
    const session = { same: 1, changed: 1, deleted: 1 };
    const now = { same: 1, changed: 2, added: { by: 'another' } };
    expect(run(session, { ...session }, now)).toEqual(now);
    expect(session).toEqual(now);
  });

  it('leaves a key that the handler has changed, with the base that it stood on', () => {
    const session = { n: 5 };
    expect(run(session, { n: 1 }, { n: 2 })).toEqual({ n: 1 });
    expect(session).toEqual({ n: 5 });
  });

  it('leaves a key that the handler has deleted', () => {
    const session = {};
    expect(run(session, { n: 1 }, { n: 2 })).toEqual({ n: 1 });
    expect(session).toEqual({});
  });

  it('leaves a key that the handler has added and another too: it has no base', () => {
    const session = { n: 5 };
    expect(run(session, {}, { n: 2 })).toEqual({});
    expect(session).toEqual({ n: 5 });
  });

  it('goes by the texts: a nested change of the handler stays', () => {
    const session = { cart: { items: [1, 2] } };
    expect(run(session, { cart: { items: [1] } }, { cart: { items: [3] } })).toEqual({ cart: { items: [1] } });
    expect(session.cart.items).toEqual([1, 2]);
  });

  it('leaves a value that cannot be encoded: the handler has put it there', () => {
    const session = { n: () => undefined };
    expect(run(session, { n: 1 }, { n: 2 })).toEqual({ n: 1 });
    expect(session.n).toBeInstanceOf(Function);
  });

  it('leaves a frozen session as it is, with its base', () => {
    const session = Object.freeze({ n: 1, deleted: 1 });
    expect(run(session, { n: 1, deleted: 1 }, { n: 2, added: 1 })).toEqual({ n: 1, deleted: 1 });
    expect(session).toEqual({ n: 1, deleted: 1 });
  });

  it('shows no reserved name: the record keeps the cookie there', () => {
    const session = {};
    expect(run(session, {}, { cookie: { path: '/' } })).toEqual({ cookie: { path: '/' } });
    expect(session).toEqual({});
  });

  it('gives a value of its own: a change of it changes no other session', () => {
    const now = encoded({ list: [1] });
    const [one, other] = [{}, {}] as [{ list?: number[] }, { list?: number[] }];
    for (const session of [one, other]) rebase(session, codec, encoded({}), now);
    one.list!.push(2);
    expect(other.list).toEqual([1]);
  });
});
