import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import {
  SessionNotSerializableError,
  SqlSessionRepository,
  type SessionService,
  type SmartSessionModuleOptions,
  type ValueCodec,
} from '../../src/index.js';
import { isReservedName } from '../../src/codec/reserved-names.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { DATABASES } from '../support/databases.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { protocolOf } from '../support/protocol-of.js';

const anyKey = fc.string({ unit: 'binary' });
const sessionKey = anyKey.filter((key) => key !== '' && !isReservedName(key));
const text = fc.string({ unit: 'binary' });
const jsonValue = fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const richValue = fc.anything({
  key: anyKey.filter((key) => key !== '__proto__'),
  values: [
    fc.boolean(),
    fc.integer(),
    fc.double(),
    text,
    fc.constantFrom(null, undefined, NaN, -0, Infinity),
    fc.bigInt(),
    fc.date({ noInvalidDate: true }),
  ],
  withBigInt: true,
  withBoxedValues: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
});

describe.each(DATABASES)('values on %s', (databaseName) => {
  let database: SessionsDatabase;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `values_${databaseName}`);
  });
  afterAll(() => database.close());

  const over = (options: SmartSessionModuleOptions) => serviceOver(new SqlSessionRepository(database.context), options).sessions;
  const create = (id: string, values: object): object => Object.assign(Object.defineProperty({}, 'id', { value: id }), values);
  const stored = async (id: string) =>
    String((await database.run(`select data from {table} where session_id = '${storageKeyOf(id)}'`))[0]?.data);

  async function roundTrip(sessions: SessionService, values: object): Promise<{ id: string; loaded: object }> {
    const id = randomUUID();
    await sessions.commit(create(id, values));
    const loaded = (await sessions.load(id)) ?? {};
    expect(protocolOf(sessions).states.isSettled(loaded)).toBe(true);
    const { cookie: _, ...rest } = loaded as { cookie?: unknown };
    return { id, loaded: rest };
  }

  it.each([
    ['json', jsonValue],
    ['rich', richValue],
  ] as const)("come back as they went in, and unchanged, by '%s'", async (serializer, arbitrary) => {
    const sessions = over({ serializer });
    const property = fc.asyncProperty(sessionKey, arbitrary, async (key, value) => {
      const { loaded } = await roundTrip(sessions, { [key]: value });
      expect(loaded).toStrictEqual({ [key]: value });
    });
    await fc.assert(property, { numRuns: 250 });
  });

  it('keeps NUL and lone surrogates, which columns of JSON refuse', async () => {
    const values = { 'a\u0000b': 'c\u0000d', lone: ['\ud800', '\udc00'] };
    expect((await roundTrip(over({}), values)).loaded).toStrictEqual(values);
  });

  it("keeps what is known to be difficult, by 'rich'", async () => {
    const shared = { n: 1 };
    const cycle: Record<string, unknown> = { shared: [shared, shared] };
    cycle.self = cycle;
    const values = {
      date: new Date(0),
      invalid: new Date(NaN),
      map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1n])]]),
      none: undefined,
      nan: NaN,
      zero: -0,
      holes: Object.assign(Array.from<number>({ length: 0 }), { 0: 1, 2: 3 }),
      bytes: new Uint8Array([1, 2]),
      buffer: Buffer.from('x'),
      empty: Buffer.alloc(0),
      url: new URL('http://a/b?c'),
      pattern: /a/gi,
      bare: Object.assign(Object.create(null), { a: 1 }),
      named: { constructor: { name: 'Object' }, date: new Date(1) },
      boxed: Object('ab'),
      lookalike: { $rich: [1] },
      cycle,
    };
    const { loaded } = await roundTrip(over({ serializer: 'rich' }), values);
    const { invalid, named, ...others } = loaded as typeof values;
    // Matchers may tell two invalid dates apart,
    expect(invalid).toBeInstanceOf(Date);
    expect(Number(invalid)).toBeNaN();
    // and objects whose `constructor` is a value of their own.
    expect(isDeepStrictEqual(named, values.named)).toBe(true);
    const { invalid: _, named: __, ...expected } = values;
    expect(others).toStrictEqual(expected);
    const { cycle: back, buffer } = others;
    expect([back.self === back, (back.shared as object[])[0] === (back.shared as object[])[1], Buffer.isBuffer(buffer)]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("keeps shared references, in no more time than they are large, by 'rich'", async () => {
    let value: unknown = { n: 1 };
    for (let level = 0; level < 60; level++) value = [value, value];
    const { loaded } = await roundTrip(over({ serializer: 'rich' }), { value });
    const [left, right] = (loaded as { value: unknown[] }).value;
    expect(left).toBe(right);
  });

  it("stores of a view its own bytes only, by 'rich'", async () => {
    const sessions = over({ serializer: 'rich' });
    const pooled = Buffer.from('abc');
    const view = new Uint8Array(pooled.buffer, pooled.byteOffset, pooled.byteLength);
    const data = new DataView(pooled.buffer, pooled.byteOffset, pooled.byteLength);
    const live = create(randomUUID(), { view, data });
    await sessions.commit(live);
    Buffer.from('what another request keeps in the same pool');
    expect(protocolOf(sessions).states.isSettled(live)).toBe(true);
    const id = (live as { id: string }).id;
    expect((await stored(id)).length).toBeLessThan(300);
    const loaded = (await sessions.load(id)) as unknown as { view: Uint8Array; data: DataView };
    expect([loaded.view, loaded.data.getUint8(2)]).toEqual([new Uint8Array([97, 98, 99]), 99]);
  });

  it("reads by 'rich' what 'json' has written, and does not take it for changed", async () => {
    const { id } = await roundTrip(over({ serializer: 'json' }), { a: [1, { b: 'x' }], c: 1 });
    const rich = over({ serializer: 'rich' });
    const live = (await rich.load(id)) as { c?: unknown };
    expect(protocolOf(rich).states.isSettled(live)).toBe(true);
    live.c = new Date(1);
    await rich.commit(live);
    expect(await stored(id)).toBe('{"a":[1,{"b":"x"}],"c":{"$rich":[["Date","1970-01-01T00:00:00.001Z"]]}}');
  });

  it("takes another order of names for no change, also by 'rich'", async () => {
    const sessions = over({ serializer: 'rich' });
    const { id } = await roundTrip(sessions, { a: { x: 1n, y: { p: 1, q: undefined } } });
    const live = (await sessions.load(id)) as { a?: unknown };
    live.a = { y: { q: undefined, p: 1 }, x: 1n };
    expect(protocolOf(sessions).states.isSettled(live)).toBe(true);
    live.a = { y: { q: undefined, p: 2 }, x: 1n };
    expect(protocolOf(sessions).states.isSettled(live)).toBe(false);
  });

  it("refuses by 'rich' what would come back as another thing, and names it", async () => {
    const sessions = over({ serializer: 'rich' });
    class Money {
      constructor(readonly cents = 1) {}
    }
    class Registry extends Map {}
    class Orphan extends (null as unknown as ObjectConstructor) {}
    const Namesake = Object.defineProperty(class extends Map {}, 'name', { value: 'Map' });
    const namesakes = { Map: new Namesake(), orphan: Object.create(Orphan.prototype) as object };
    for (const [value, found] of [
      [{ a: [new Money()] }, 'a Money at `v.a[0]`'],
      [new Registry(), 'a Registry at `v`'],
      [{ f: () => 1 }, 'a function at `v.f`'],
      [[Symbol('s')], 'a symbol at `v[0]`'],
      [Promise.resolve(), 'a Promise at `v`'],
      [/b/.exec('abc'), 'an Array at `v`'],
      [Math, 'a Math at `v`'],
      [namesakes.Map, 'a Map at `v`'],
      [Object.assign(new Date(0), { name: 1 }), 'a Date at `v`'],
      [Object.assign(Buffer.from('a'), { name: 1 }), 'a Buffer at `v`'],
      [Object.assign([1n], { '01': 1 }), 'an Array at `v`'],
      [Object.assign(Array.from({ length: 0 }), { 1: 1, name: 1 }), 'an Array at `v`'],
      [Object.assign([1], { [Symbol('s')]: 1 }), 'an Array at `v`'],
      [namesakes.orphan, 'an Orphan at `v`'],
      [{ n: 1n, p: JSON.parse('{"__proto__":1}') }, '`__proto__` as a name at `v.p`'],
    ] as const) {
      const failure = await sessions.commit(create(randomUUID(), { v: value })).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SessionNotSerializableError);
      expect(String(failure)).toContain(found);
    }
  });

  it("refuses a boxed bigint by 'json' as any other", async () => {
    await expect(over({}).commit(create(randomUUID(), { a: [Object(1n)] }))).rejects.toThrow('a bigint at `a[0]`');
  });

  it('go through a codec of the app, and the row names none', async () => {
    class Money {
      constructor(readonly cents: number) {}
    }
    const codec: ValueCodec = {
      encode: (value) => {
        if (value === 'unsaid') return undefined;
        if (value === 'refused') throw new RangeError('not that');
        return value instanceof Money ? { cents: value.cents } : value;
      },
      decode: (value) => (typeof value === 'object' && value !== null && 'cents' in value ? new Money(Number(value.cents)) : value),
    };
    const sessions = over({ serializer: codec });
    const { id, loaded } = await roundTrip(sessions, { price: new Money(5), other: 1, none: 'unsaid' });
    expect(loaded).toStrictEqual({ price: new Money(5), other: 1 });
    expect(await stored(id)).toBe('{"other":1,"price":{"cents":5}}');
    await expect(sessions.commit(create(randomUUID(), { a: 'refused' }))).rejects.toThrow(
      'a value that the serializer refuses (RangeError: not that) at `a`',
    );
  });

  it.each([
    '{"a":{"$rich":[["Function","x"]]}}',
    '{"a":{"$rich":[{"__proto__":1}]}}',
    '{"a":{"$rich":"code"}}',
    '{"a":{"$rich":[["Buffer",1],[2],{"length":3},200000000]}}',
    '{"a":{"$rich":[["BigInt","x"]]}}',
    `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  ])('takes a row that names what is not there for no session: %#', async (data) => {
    const sessions = over({ serializer: 'rich' });
    const { id } = await roundTrip(sessions, { a: 1 });
    await database.run(`update {table} set data = '${data}' where session_id = '${storageKeyOf(id)}'`);
    expect(await sessions.load(id)).toBeUndefined();
    expect(await stored(id)).toBe(data);
  });
});
