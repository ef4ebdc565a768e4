import { createSecretKey, randomBytes } from 'node:crypto';
import { Seal, isSealed } from '../../src/codec/seal.js';
import { SessionDecryptionError } from '../../src/index.js';

const [first, second] = [createSecretKey(randomBytes(32)), createSecretKey(randomBytes(32))];
const sealOf = (keys = [first], { readPlaintext = false, writePlaintext = false } = {}) =>
  new Seal({ keys, readPlaintext, writePlaintext });
const TEXT = '{"user":"änna"}';

describe('a seal', () => {
  it('opens what it has sealed, and shows nothing of it', () => {
    const data = sealOf().seal('row', TEXT);
    expect(isSealed(data)).toBe(true);
    expect(Buffer.from(data.split('.')[3]!, 'base64').toString('latin1')).not.toContain('user');
    expect(sealOf().open('row', data)).toBe(TEXT);
  });

  it('gives one text another form each time', () => {
    expect(sealOf().seal('row', TEXT)).not.toBe(sealOf().seal('row', TEXT));
  });

  it('is bound to the row', () => {
    const data = sealOf().seal('row', TEXT);
    expect(() => sealOf().open('another row', data)).toThrow(SessionDecryptionError);
  });

  it.each([0, 12, -1])('does not open data whose byte %d was changed', (at) => {
    const [mark, version, keyId, base64] = sealOf().seal('row', TEXT).split('.');
    const bytes = Buffer.from(base64!, 'base64');
    const index = at < 0 ? bytes.length + at : at;
    bytes[index] = bytes[index]! ^ 1;
    expect(() => sealOf().open('row', [mark, version, keyId, bytes.toString('base64')].join('.'))).toThrow('was changed');
  });

  it.each([10, 18, 30])('does not open data that was cut off after %d characters', (length) => {
    expect(() => sealOf().open('row', sealOf().seal('row', TEXT).slice(0, length))).toThrow(SessionDecryptionError);
  });

  it('seals with the first key, and opens with each', () => {
    const old = sealOf([second]).seal('row', TEXT);
    const both = sealOf([first, second]);
    expect(both.open('row', old)).toBe(TEXT);
    expect(sealOf([first]).open('row', both.seal('row', TEXT))).toBe(TEXT);
    expect(() => sealOf([first]).open('row', old)).toThrow('not in `encryption.keys`');
  });

  it('reads plain text only where that is allowed', () => {
    expect(() => sealOf().open('row', TEXT)).toThrow('it is not encrypted');
    expect(sealOf([first], { readPlaintext: true }).open('row', TEXT)).toBe(TEXT);
  });

  it('does not take damaged sealed data for plain text', () => {
    const lenient = sealOf([first], { readPlaintext: true });
    expect(() => lenient.open('row', 'sealed.1.')).toThrow('cut off or changed');
  });

  it('writes plain text where that is asked for, and still opens sealed data', () => {
    const writing = sealOf([first], { readPlaintext: true, writePlaintext: true });
    expect(writing.seal('row', TEXT)).toBe(TEXT);
    expect(writing.open('row', sealOf().seal('row', TEXT))).toBe(TEXT);
  });

  it('is not found in null', () => {
    expect(isSealed(null)).toBe(false);
    expect(isSealed(TEXT)).toBe(false);
  });
});
