import { promisify } from 'node:util';
import { deferredMember } from '../../src/codec/deferred-member.js';
import { SessionService, append, type SmartSessionModuleOptions } from '../../src/index.js';
import { startHandlerApp, type Handler, type Session } from '../support/handler-app.js';

const KEY = '4f8a2c91d3e7b605a1c8f2e94b7d3068b59e02c7f14a6d8390be5c72a16f3d48';

const items = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ name: 'Ärmel "lang"\\n', seen: [n, null], sku: `article-${n}` }));

/** More than 16 KB, in two long values between short ones. The names are sorted, as stored ones are. */
const VALUES = { a: 1, cart: items(300), note: 'x'.repeat(2000), z: { n: 1 } };

const isUnread = (session: object, key: string) => deferredMember(session, key) !== undefined;

describe.each<[string, Partial<SmartSessionModuleOptions>]>([
  ['plain', {}],
  ['encrypted', { encryption: { keys: [KEY] } }],
])('a large %s session', (_name, options) => {
  let started: Awaited<ReturnType<typeof startHandlerApp>>;
  let cookie: string;

  beforeAll(async () => {
    started = await startHandlerApp({ ...options, merge: { cart: append() } as object });
  });
  afterAll(() => started.app.close());
  beforeEach(async () => {
    ({ cookie } = await ask((session) => void Object.assign(session, VALUES), ''));
  });

  async function ask(handler: Handler, as = cookie) {
    const answer = await started.ask(as, handler, 'nest');
    expect(answer.status).toBe(200);
    return answer;
  }

  const stored = async (as?: string) => (await ask(({ cookie: _cookie, ...values }) => values, as)).body as typeof VALUES;

  it('is loaded as it was stored, in its order, also as JSON', async () => {
    expect(JSON.stringify(await stored())).toBe(JSON.stringify(VALUES));
    const { body } = await ask((session) => [session, Object.keys(session)]);
    expect(body[0]).toMatchObject(VALUES);
    expect(body[1]).toEqual(['a', 'cart', 'note', 'z', 'cookie']);
  });

  it('parses no long value that a handler does not read, and sends no cookie', async () => {
    let session!: Session;
    const { set } = await ask((given) => {
      session = given;
      return given.a;
    });
    expect([isUnread(session, 'cart'), isUnread(session, 'note'), isUnread(session, 'z')]).toEqual([true, true, false]);
    expect(set).toBeUndefined();
  });

  it('stores a change beside its long values, and keeps those unread', async () => {
    let session!: Session;
    await ask((given) => {
      session = given;
      given.a = 2;
      given.added = 3;
    });
    expect([isUnread(session, 'cart'), isUnread(session, 'note')]).toEqual([true, true]);
    expect(await stored()).toEqual({ ...VALUES, a: 2, added: 3 });
  });

  it.each<[string, Handler, object]>([
    [
      'a change inside',
      ({ cart }) => void (cart[7].seen[0] = 'changed'),
      { cart: (items(300) as object[]).with(7, { ...items(8)[7], seen: ['changed', null] }) },
    ],
    ['another value', (session) => void (session.note = 'short'), { note: 'short' }],
    ['a longer value', (session) => void (session.note += 'y'), { note: `${VALUES.note}y` }],
  ])('stores %s of a long value', async (_what, change, expected) => {
    await ask(change);
    expect(await stored()).toEqual({ ...VALUES, ...expected });
  });

  it('no longer has a long value that was deleted', async () => {
    await ask((session) => delete session.cart);
    expect(Object.keys(await stored())).toEqual(['a', 'note', 'z']);
  });

  it('merges what two requests add to a long value', async () => {
    const other = { sku: 'of the other request' };
    await ask(async (session) => {
      session.cart.push({ sku: 'of this request' });
      const sessions = started.app.get(SessionService);
      await sessions.update(session.id, (draft) => void (draft as unknown as Session).cart.push(other));
    });
    expect((await stored()).cart.slice(300)).toEqual([other, { sku: 'of this request' }]);
  });

  it('shows a change of others beside its unread values', async () => {
    const { body } = await ask(async (session) => {
      const sessions = started.app.get(SessionService);
      await sessions.update(session.id, (draft) => void Object.assign(draft, { a: 5 }));
      session.z = { n: 2 };
      await sessions.commit(session);
      return [session.a, isUnread(session, 'cart'), session.cart.length];
    });
    expect(body).toEqual([5, true, 300]);
    expect(await stored()).toEqual({ ...VALUES, a: 5, z: { n: 2 } });
  });

  it('forgets a change inside when it is reloaded', async () => {
    const { body } = await ask(async (session, request) => {
      session.cart.length = 0;
      await promisify(session.reload.bind(session))();
      return [isUnread(request.session, 'cart'), (request.session as Session).cart.length];
    });
    expect(body).toEqual([true, 300]);
    expect(await stored()).toEqual(VALUES);
  });

  it('keeps its values under a new id', async () => {
    const { cookie: renewed } = await ask((session, request) => {
      session.cart.push('last');
      return started.app.get(SessionService).regenerate(request, { keep: ['cart', 'note'] as never });
    });
    expect(renewed).not.toBe(cookie);
    expect(await stored(renewed)).toEqual({ cart: [...VALUES.cart, 'last'], note: VALUES.note });
  });

  it('can be read by a handler that has frozen it', async () => {
    const { body } = await ask((session) => {
      Object.freeze(session);
      return [session.cart.length, session.note];
    });
    expect(body).toEqual([300, VALUES.note]);
    expect(await stored()).toEqual(VALUES);
  });
});
