import { Logger } from '@nestjs/common';
import { vi } from 'vitest';
import { MemoryStore } from 'express-session';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { SessionDecryptionError, type SmartSessionModuleOptions } from '../../src/index.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { migratingCommitId } from '../../src/records/migrating-record.js';
import { RecordReader } from '../../src/records/record-reader.js';
import { storedRecord } from '../support/records.js';

const KEY = '4f8a2c91d3e7b605a1c8f2e94b7d3068b59e02c7f14a6d8390be5c72a16f3d48';

function over(given: SmartSessionModuleOptions = {}) {
  const options = new SmartSessionOptions({ secret: 'x', ...given });
  const codec = new SessionCodec(options);
  return { codec, reader: new RecordReader(codec, options) };
}

describe('the reader of records', () => {
  let lines: string[];

  beforeEach(() => {
    lines = [];
    for (const level of ['log', 'warn', 'error'] as const)
      vi.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => void lines.push(`${level}: ${String(line)}`));
  });

  afterEach(() => void vi.restoreAllMocks());

  it('reads values, version, commit id and max age, and logs nothing', () => {
    const stored = storedRecord({ n: 1 }, { version: 4, commitId: 'the commit', maxAge: 60_000 });
    const read = over().reader.read('key', stored)!;
    expect(read).toMatchObject({ version: 4, commitId: 'the commit', maxAge: 60_000 });
    expect(read.decode()).toEqual({ n: 1 });
    expect(lines).toEqual([]);
  });

  it('opens sealed data with the record’s own key', () => {
    const { codec, reader } = over({ encryption: { keys: [KEY] } });
    const stored = storedRecord({}, { data: codec.seal('key', '{"n":1}') });
    expect(reader.read('key', stored)!.decode()).toEqual({ n: 1 });
    expect(() => reader.read('another', stored)).toThrow(SessionDecryptionError);
  });

  it('throws and logs if the data cannot be opened: the session may exist', () => {
    const sealed = over({ encryption: { keys: [KEY] } }).codec.seal('key', '{"n":1}');
    expect(() => over().reader.read('key', storedRecord({}, { data: sealed }))).toThrow(SessionDecryptionError);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^error: Record .*… cannot be opened/);
  });

  it.each(['', '{"secret', '[1]', 'null', '"secret"'])(
    'takes a record whose data is %o as absent, and logs nothing of the data',
    (data) => {
      expect(over().reader.read('key', storedRecord({}, { data }))).toBeUndefined();
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^error: Record .*… cannot be read, so it counts as absent: its data is not a JSON object\./);
      expect(lines[0]).not.toContain('secret');
      expect(lines[0]).not.toContain('key ');
    },
  );

  it('takes a record that the serializer cannot decode as absent, and logs only the name of the error', () => {
    const serializer = {
      encode: (value: unknown) => value,
      decode: (): unknown => {
        throw new RangeError('secret');
      },
    };
    expect(over({ serializer }).reader.read('key', storedRecord({ n: 1 }))).toBeUndefined();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('the serializer cannot decode it (RangeError). Set the `serializer` that wrote it.');
    expect(lines[0]).not.toContain('secret');
  });

  describe.each(['unconfirmed', 'confirmed'] as const)('of a record that is being migrated (%s)', (stage) => {
    const stored = storedRecord({ n: 1 }, { commitId: migratingCommitId(stage) });

    it('takes it as absent while the app migrates, and logs nothing', () => {
      const { reader } = over({ migrateFrom: new MemoryStore() });
      expect(reader.read('key', stored)).toBeUndefined();
      expect(reader.read('key', storedRecord({ n: 1 }))!.decode()).toEqual({ n: 1 });
      expect(lines).toEqual([]);
    });

    it('reads it like any other after the migration', () => {
      expect(over().reader.read('key', stored)!.decode()).toEqual({ n: 1 });
    });
  });
});
