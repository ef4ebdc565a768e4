import fc from 'fast-check';
import type { SmartSessionModuleOptions, ValueCodec } from '../../src/index.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { startHandlerApp, type Session } from '../support/handler-app.js';

class Own {
  readonly a = 1;
}

const LEAVES = [
  1n,
  -0,
  NaN,
  Infinity,
  undefined,
  null,
  Symbol('s'),
  () => 1,
  new Date(0),
  new Date(NaN),
  /x/g,
  Buffer.from('ab'),
  new BigInt64Array([1n]),
  new URL('http://a/'),
  Object(1n),
  Object('a'),
  new Error('e'),
  new Own(),
  new WeakMap(),
  Promise.resolve(),
  '\0',
  '\ud800',
  '__proto__',
];
const NAMES = [
  'a',
  'b.c',
  '',
  '0',
  '-0',
  '__proto__',
  'constructor',
  'prototype',
  'toJSON',
  'then',
  'length',
  '$rich',
  'hasOwnProperty',
  '\0',
  '\ud800',
  'ä',
];
const RESERVED = ['id', 'req', 'save', 'reload', 'touch', 'regenerate', 'destroy', 'resetMaxAge', 'toString', 'valueOf'];

const name = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...NAMES) }, fc.string({ unit: 'binary', maxLength: 5 }));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.constantFrom(...LEAVES), fc.string({ unit: 'binary' }), fc.double()),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.sparseArray(tie('value'), { maxLength: 6, maxNumElements: 3 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
    tie('value').map((held) => ({ [Symbol('name')]: held })),
    tie('value').map((held) => Object.assign(Object.create(null), { held })),
    tie('value').map((held) => {
      const cycle: Record<string, unknown> = { held, list: [held] };
      return Object.assign(cycle, { self: [cycle] });
    }),
  ),
}));

const NESTED: ((inner: unknown) => unknown)[] = [
  (inner) => [inner],
  (inner) => ({ inner }),
  (inner) => new Map([[1, inner]]),
  (inner) => new Set([inner]),
  (inner) => ({ toJSON: () => inner }),
];
/** Values around the limit, and far beyond the stack. */
const deep = fc
  .tuple(
    fc.oneof(fc.integer({ min: 195, max: 205 }), fc.constantFrom(500, 3000, 30_000)),
    fc.array(fc.nat(NESTED.length - 1), { minLength: 1, maxLength: 3 }),
  )
  .map(([levels, kinds]) => {
    let nested: unknown = 1;
    for (let n = 0; n < levels; n++) nested = NESTED[kinds[n % kinds.length]!]!(nested);
    return nested;
  });
/** Each is one step from the list that holds them all, and many from the first. */
const chain = fc.integer({ min: 50, max: 5000 }).map((length) => {
  const links: { next?: unknown }[] = Array.from({ length }, () => ({}));
  links.forEach((link, n) => (link.next = links[n + 1]));
  return links;
});
const odd = fc.oneof(
  { weight: 6, arbitrary: value },
  { weight: 2, arbitrary: deep },
  { weight: 1, arbitrary: chain },
  { weight: 1, arbitrary: fc.constant(Array.from({ length: 5000 }, (_, n) => n)) },
);

const bigints: ValueCodec = {
  encode: (given) => (typeof given === 'bigint' ? { $big: String(given) } : given),
  decode: (stored) =>
    typeof stored === 'object' && stored !== null && typeof (stored as any).$big === 'string' && /^-?\d+$/.test((stored as any).$big)
      ? BigInt((stored as any).$big)
      : stored,
};
const RUNS = process.env.EXPLORE === 'long' ? 1000 : 12;

describe.each<[string, SmartSessionModuleOptions['serializer']]>([
  ['json', 'json'],
  ['rich', 'rich'],
  ['an own codec', bigints],
])('whatever a handler puts into a session, with %s', (_name, serializer) => {
  let started: Awaited<ReturnType<typeof startHandlerApp>>;
  const codec = new SessionCodec(new SmartSessionOptions({ secret: 'x', serializer: serializer! }));
  beforeAll(async () => {
    started = await startHandlerApp({ serializer: serializer! });
  });
  afterAll(() => started.app.close());

  const encoded = (key: string, given: unknown): string | undefined | 'refused' => {
    try {
      return codec.encodeValue(key, given);
    } catch {
      return 'refused';
    }
  };

  it('is loaded by the next request as it was stored, or refused with nothing stored', async () => {
    let seen: { cookie: string; odd: string | undefined; ok: unknown } | undefined;
    const look = async (cookie: string, key: string) => {
      seen = undefined;
      const { status } = await started.ask(
        cookie,
        (session) =>
          void (seen = {
            cookie,
            odd: Object.prototype.propertyIsEnumerable.call(session, key) ? (encoded(key, session[key]) as string) : undefined,
            ok: session.ok,
          }),
      );
      return [status, seen!.odd, seen!.ok];
    };
    const put = (session: Session, key: string, given: unknown) => {
      // JavaScript itself ignores such an assignment to `__proto__`.
      if (key === '__proto__' && Object(given) !== given) Object.defineProperty(session, key, { value: given, enumerable: true });
      else (session as Record<string, unknown>)[key] = given;
    };
    const way = fc.constantFrom('handler' as const, 'nest' as const);
    const given = fc.oneof(
      { weight: 9, arbitrary: fc.tuple(name, odd) },
      fc.tuple(
        fc.constantFrom(...RESERVED),
        fc.constantFrom(1, null, {}, () => 1),
      ),
    );
    await fc.assert(
      fc.asyncProperty(given, fc.boolean(), way, async ([key, thing], isNew, by) => {
        fc.pre(key !== 'ok');
        const { cookie } = isNew ? { cookie: '' } : await started.ask('', (session) => void (session.ok = 0));
        const expected = encoded(key, thing);
        const stored = await started.ask(cookie, (session) => put(session, key, thing), by);
        expect(stored.status).toBe(expected === 'refused' ? 500 : 200);
        if (expected === 'refused')
          expect([stored.set, isNew || (await look(cookie, key))]).toEqual([undefined, isNew || [200, undefined, 0]]);
        else if (stored.cookie) expect(await look(stored.cookie, key)).toEqual([200, expected, isNew ? undefined : 0]);
        if (!stored.cookie) return;
        expect((await started.ask(stored.cookie, (session) => void (session.ok = 1))).status).toBe(200);
        expect(await look(stored.cookie, key)).toEqual([200, expected === 'refused' ? undefined : expected, 1]);
      }),
      { numRuns: RUNS },
    );
  }, 600_000);
});
