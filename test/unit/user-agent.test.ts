import fc from 'fast-check';
import { givenLabel } from '../../src/devices/device-label.js';
import { LONGEST_USER_AGENT, boundedUserAgent } from '../../src/devices/user-agent.js';
import { SessionDeviceLabelError } from '../../src/index.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

describe('the user agent of a device', () => {
  it.each([
    [FIREFOX, FIREFOX],
    ['<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['\u001b[2J\u0000\r\nX: 1\u009b', '\ufffd[2J\ufffd\ufffd\ufffdX: 1\ufffd'],
    ['a\ud800b\udc00', 'a\ufffdb\ufffd'],
    ['a\u2028b', 'a\ufffdb'],
    ['x'.repeat(1_000_000), 'x'.repeat(512)],
    [`${'x'.repeat(511)}ä`, 'x'.repeat(511)],
    [`${'x'.repeat(510)}ä`, `${'x'.repeat(510)}ä`],
    [`${'x'.repeat(509)}😀`, 'x'.repeat(509)],
    ['😀'.repeat(1000), '😀'.repeat(128)],
    ['sealed.1.0123abcd.AAAA', null],
    ['', null],
    [undefined, null],
    [['a'], null],
    [7, null],
  ])('%j is stored as %j', (given, stored) => {
    expect(boundedUserAgent(given)).toBe(stored);
  });

  it('is bounded, well-formed and one line, whatever is sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000, size: 'max' }), fc.nat(600), (text, padding) => {
        const stored = boundedUserAgent('x'.repeat(padding) + text) ?? '';
        expect(Buffer.byteLength(stored)).toBeLessThanOrEqual(LONGEST_USER_AGENT);
        expect(stored.isWellFormed()).toBe(true);
        expect(stored).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
        expect(boundedUserAgent(stored) ?? '').toBe(stored);
      }),
    );
  });
});

describe('the label of a device', () => {
  it.each(["Anna's phone 😀", '<b>', 'x'.repeat(100), null])('%j is one', (label) => {
    expect(givenLabel(label)).toBe(label);
  });

  it.each([
    [undefined, 'a value of type undefined'],
    [7, 'a value of type number'],
    [{ toString: () => 'x' }, 'a value of type object'],
    ['', 'an empty text'],
    ['x'.repeat(101), '101 characters'],
    ['a\u001b[2J', 'control characters'],
    ['a\nb', 'control characters'],
    ['a\0', 'control characters'],
    ['sealed.1.x', 'as an encrypted one'],
    ['\ud800', 'half a surrogate pair'],
  ])('%j is none: %s', (label, said) => {
    expect(() => givenLabel(label)).toThrow(SessionDeviceLabelError);
    expect(() => givenLabel(label)).toThrow(said);
  });
});
