import { Logger } from '@nestjs/common';
import { DeviceNames } from '../../src/devices/device-names.js';
import type { DescribeUserAgent } from '../../src/options/devices-option.js';

describe('the names of devices', () => {
  const warn = vi.spyOn(Logger.prototype, 'warn');
  beforeEach(() => void warn.mockReset());
  afterAll(() => warn.mockRestore());

  it.each<[string | null, string | undefined, string | null]>([
    ['Firefox/1', 'Firefox', 'Firefox'],
    ['Firefox/1', '<b>', '<b>'],
    ['Firefox/1', undefined, null],
    ['Firefox/1', '', null],
    ['Firefox/1', null as never, null],
    [null, 'Firefox', null],
  ])('of %j, described as %j, is %j', (userAgent, described, name) => {
    expect(new DeviceNames().of(userAgent, () => described)).toBe(name);
    expect(warn).not.toHaveBeenCalled();
  });

  it('is none without a function', () => {
    expect(new DeviceNames().of('Firefox/1', undefined)).toBeNull();
  });

  it.each<[string, unknown, string]>([
    ['throws', () => JSON.parse('Firefox/secret'), 'threw SyntaxError'],
    [
      'throws a text',
      () => {
        throw 'secret';
      },
      'threw a value of type string',
    ],
    ['is asynchronous', () => Promise.resolve('Firefox'), 'returned a value of type object'],
    ['returns a number', () => 7, 'returned a value of type number'],
  ])('is none if the function %s, which is logged once and without the user agent', (_name, describeIt, what) => {
    const names = new DeviceNames();
    expect([1, 2].map(() => names.of('Firefox/secret', describeIt as DescribeUserAgent))).toEqual([null, null]);
    expect(warn.mock.calls).toEqual([
      [`The function \`describe\` of the option \`devices\` ${what} for a user agent. Such a device has no name.`],
    ]);
  });
});
