import { defer, deferAgain, deferredMember, withoutDeferred } from '../../src/codec/deferred-member.js';
import { LongMember } from '../../src/codec/long-member.js';

type Session = Record<string, any>;

const TEXT = '{"items":[1,2]}';

/** Returns a session with a key on each side of the member. */
function session(member = new LongMember('cart', TEXT)): Session {
  const owner: Session = { before: 1, cart: undefined, after: 2 };
  defer(owner, 'cart', member);
  return owner;
}

const isPlain = (owner: object) => 'value' in Object.getOwnPropertyDescriptor(owner, 'cart')!;

describe('a member that is parsed when it is read', () => {
  it('is a plain property after the first read', () => {
    const owner = session();
    expect(deferredMember(owner, 'cart')?.text).toBe(TEXT);
    const { cart } = owner;
    expect(cart).toEqual({ items: [1, 2] });
    expect(isPlain(owner)).toBe(true);
    expect(deferredMember(owner, 'cart')).toBeUndefined();
    cart.items.push(3);
    expect(owner.cart).toBe(cart);
  });

  it('gives each session its own copy', () => {
    const member = new LongMember('cart', TEXT);
    session(member).cart.items.push(3);
    expect(session(member).cart).toEqual({ items: [1, 2] });
    expect(member.value).toEqual({ items: [1, 2] });
  });

  it('is parsed once', () => {
    const member = new LongMember('cart', TEXT);
    expect(member.value).toBe(member.value);
  });

  it('is a plain property after an assignment, which reads nothing', () => {
    const owner = session(new LongMember('cart', 'no JSON'));
    owner.cart = 5;
    expect(isPlain(owner)).toBe(true);
    expect(owner).toEqual({ before: 1, cart: 5, after: 2 });
  });

  it('is like any other property for everything that lists or copies them', () => {
    const plain = { before: 1, cart: { items: [1, 2] }, after: 2 };
    expect(Object.keys(session())).toEqual(Object.keys(plain));
    expect(Object.entries(session())).toEqual(Object.entries(plain));
    expect({ ...session() }).toEqual(plain);
    expect(Object.assign({}, session())).toEqual(plain);
    expect(Object.assign(session(), { cart: 5 })).toEqual({ ...plain, cart: 5 });
    expect(structuredClone({ ...session() })).toEqual(plain);
    expect(structuredClone(session())).toEqual(plain);
    expect(JSON.stringify(session())).toBe(JSON.stringify(plain));
    expect('cart' in session()).toBe(true);
    const names = [];
    for (const name in session()) names.push(name);
    expect(names).toEqual(Object.keys(plain));
    const { cart, ...others } = session();
    expect([cart, others]).toEqual([plain.cart, { before: 1, after: 2 }]);
  });

  it('can be deleted and added again', () => {
    const owner = session();
    delete owner.cart;
    expect(Object.keys(owner)).toEqual(['before', 'after']);
    owner.cart = 5;
    expect(Object.keys(owner)).toEqual(['before', 'after', 'cart']);
  });

  it.each<[string, (owner: object) => unknown]>([
    ['frozen', Object.freeze],
    ['sealed', Object.seal],
    ['closed for new keys', Object.preventExtensions],
  ])('is read and kept in a session that is %s', (_name, close) => {
    const owner = session();
    close(owner);
    owner.cart.items.push(3);
    expect(owner.cart).toEqual({ items: [1, 2, 3] });
    expect(deferredMember(owner, 'cart')).toBeUndefined();
  });

  it('can be assigned in a sealed session, and not in a frozen one', () => {
    const sealed = session();
    Object.seal(sealed);
    sealed.cart = 5;
    expect(sealed.cart).toBe(5);
    expect(deferredMember(sealed, 'cart')).toBeUndefined();
    const frozen = session();
    Object.freeze(frozen);
    expect(() => (frozen.cart = 5)).toThrow(TypeError);
    expect(frozen.cart).toEqual({ items: [1, 2] });
  });

  it('stays hidden if the app has hidden it', () => {
    const owner = session();
    Object.defineProperty(owner, 'cart', { enumerable: false });
    expect(owner.cart).toEqual({ items: [1, 2] });
    expect(Object.keys(owner)).toEqual(['before', 'after']);
  });

  it('is shared with an object that inherits from the session, until that object has its own', () => {
    const owner = session();
    const child = Object.create(owner) as Session;
    expect(child.cart).toBe(owner.cart);
    const other = Object.create(session()) as Session;
    other.cart = 5;
    expect(Object.hasOwn(other, 'cart')).toBe(true);
    expect(Object.getPrototypeOf(other).cart).toEqual({ items: [1, 2] });
  });

  it('does not change the session again after its getter was copied to another object', () => {
    const owner = session();
    const copied = Object.defineProperties({}, Object.getOwnPropertyDescriptors(owner)) as Session;
    owner.cart = 5;
    expect(copied.cart).toEqual({ items: [1, 2] });
    expect(copied.cart).toBe(copied.cart);
    expect(owner.cart).toBe(5);
    copied.cart = 6;
    expect([owner.cart, copied.cart]).toEqual([5, 6]);
  });

  it('is deferred again on a live session, unless it was read, or the session does not have the key', () => {
    const [unread, read] = [session(), session()];
    expect(withoutDeferred(unread)).toEqual({ before: 1, cart: undefined, after: 2 });
    expect(deferredMember(unread, 'cart')).toBeDefined();
    const live = { cart: undefined };
    deferAgain(unread, live);
    expect(deferredMember(live, 'cart')).toBe(deferredMember(unread, 'cart'));
    expect(live.cart).toEqual({ items: [1, 2] });
    read.cart.items.push(3);
    expect(withoutDeferred(read)).toEqual({ before: 1, cart: { items: [1, 2, 3] }, after: 2 });
    const without = {};
    deferAgain(unread, without);
    expect(without).toEqual({});
  });
});
