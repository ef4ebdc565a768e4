import { SessionCodec } from '../../src/codec/session.codec.js';
import { RecordChangeBuilder } from '../../src/commit/record-change-builder.js';
import { SessionNotSerializableError, SessionTooLargeError, type SmartSessionModuleOptions } from '../../src/index.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { stageOf } from '../../src/records/migrating-record.js';
import { encoded } from '../support/records.js';

const LIFETIME = { ms: 5, slack: 1, explicit: false };
const PARTS = { commitId: 'the commit', maxAge: 60_000, lifetime: () => LIFETIME };
const KEY = '4f8a2c91d3e7b605a1c8f2e94b7d3068b59e02c7f14a6d8390be5c72a16f3d48';

function over(given: SmartSessionModuleOptions = {}) {
  const options = new SmartSessionOptions({ secret: 'x', userId: 'user', ...given });
  const codec = new SessionCodec(options);
  return { codec, builder: new RecordChangeBuilder(codec, options) };
}

describe('the change of a commit', () => {
  it('has the text as data, the user, and what the commit has given', () => {
    const change = over().builder.build('key', encoded({ user: 7 }), '{"user":7}', { ...PARTS, leaseId: 'lease' });
    expect(change).toEqual({
      data: '{"user":7}',
      commitId: 'the commit',
      userId: '7',
      maxAge: 60_000,
      lifetime: LIFETIME,
      leaseId: 'lease',
    });
  });

  it('has sealed data with encryption, for this key alone', () => {
    const { codec, builder } = over({ encryption: { keys: [KEY] } });
    const { data } = builder.build('key', encoded({ n: 1 }), '{"n":1}', PARTS);
    expect(data).not.toContain('"n"');
    expect(codec.open('key', data)).toBe('{"n":1}');
    expect(() => codec.open('another', data)).toThrow();
  });

  it.each<[string, object, number]>([
    ['without a user', {}, 1000],
    ['with a user', { user: 'ann' }, Infinity],
  ])('asks for the lifetime of a session %s', (_name, session, expected) => {
    const asked: number[] = [];
    const lifetime = (longest: number) => {
      asked.push(longest);
      return LIFETIME;
    };
    over({ anonymousTtl: 1000 }).builder.build('key', encoded({ ...session }), '{}', { ...PARTS, lifetime });
    expect(asked).toEqual([expected]);
  });

  it('is refused over `maxBytes`, which counts bytes and not characters', () => {
    const { builder } = over({ maxBytes: 10 });
    const build = (text: string, isAnySize?: true) => builder.build('key', encoded({}), text, isAnySize ? { ...PARTS, isAnySize } : PARTS);
    expect(build('x'.repeat(10)).data).toHaveLength(10);
    expect(() => build('x'.repeat(11))).toThrow(SessionTooLargeError);
    expect(() => build('é'.repeat(6))).toThrow('12 bytes');
    expect(build('x'.repeat(11), true).data).toHaveLength(11);
  });

  it('counts the bytes before encryption', () => {
    const { builder } = over({ maxBytes: 10, encryption: { keys: [KEY] } });
    expect(builder.build('key', encoded({}), 'x'.repeat(10), PARTS).data.length).toBeGreaterThan(10);
  });

  it('is refused for a value that is not a user id', () => {
    const { builder } = over();
    expect(() => builder.build('key', encoded({ user: {} }), '{"user":{}}', PARTS)).toThrow(SessionNotSerializableError);
  });
});

describe('the change of a session that is being migrated', () => {
  it.each(['unconfirmed', 'confirmed'] as const)('has the stage in its commit id (%s), and no user', (stage) => {
    const { builder } = over({ maxBytes: 1, ttl: 5000, touchAfter: 0 });
    const change = builder.buildMigrating('key', '{"user":7}', null, stage);
    expect(stageOf(change)).toBe(stage);
    expect(change).toMatchObject({ data: '{"user":7}', userId: null, maxAge: null, lifetime: { ms: 5000, explicit: true } });
  });

  it('lives for its max age, and keeps it', () => {
    expect(over().builder.buildMigrating('key', '{}', 7000, 'confirmed')).toMatchObject({ maxAge: 7000, lifetime: { ms: 7000 } });
  });

  it('has sealed data with encryption', () => {
    const { codec, builder } = over({ encryption: { keys: [KEY] } });
    const { data } = builder.buildMigrating('key', '{"n":1}', null, 'confirmed');
    expect(data).not.toBe('{"n":1}');
    expect(codec.open('key', data)).toBe('{"n":1}');
  });
});
