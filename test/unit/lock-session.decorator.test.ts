import 'reflect-metadata';
import { LockSession, SmartSessionConfigError } from '../../src/index.js';
import { LOCK_SESSION, type LockSessionOptions } from '../../src/locking/lock-session.decorator.js';
import type { LockRequest } from '../../src/locking/lock-limits.js';
import { LONGEST_TIMER } from '../../src/options/longest-values.js';

const DEFAULTS = { timeout: 10_000, lease: 5_000, maxWaiting: 100 };

/** Returns the lock that the interceptor finds on a handler with the decorator. */
function lockOf(options?: LockSessionOptions): LockRequest {
  class Shop {
    @LockSession(options) checkout(): void {}
  }
  return Reflect.getMetadata(LOCK_SESSION, Shop.prototype.checkout) as LockRequest;
}

const limitsOf = (options?: LockSessionOptions) => lockOf(options).limits;

describe('@LockSession()', () => {
  it('has defaults', () => {
    expect(limitsOf()).toEqual(DEFAULTS);
    expect(limitsOf({})).toEqual(DEFAULTS);
  });

  it('replaces only the defaults that are given', () => {
    expect(limitsOf({ timeout: 3000 })).toEqual({ ...DEFAULTS, timeout: 3000 });
    expect(limitsOf({ lease: 200, maxWaiting: 0 })).toEqual({ ...DEFAULTS, lease: 200, maxWaiting: 0 });
  });

  it('keeps options that nothing can change afterwards', () => {
    expect(Object.isFrozen(limitsOf())).toBe(true);
  });

  it('has a name that is that of a lock in code, and none by default', () => {
    expect(lockOf({ name: 'checkout' }).name).toBe('lock:checkout');
    expect(lockOf().name).toBeUndefined();
  });

  it.each(['', 'x'.repeat(251), 'a\0b', 7])('refuses the name %j', (name) => {
    expect(() => lockOf({ name: name as string })).toThrow(/option `name`: @LockSession\(\) was given/);
  });

  it('is for a handler or a controller', () => {
    @LockSession({ timeout: 3000 })
    class Shop {
      @LockSession() checkout(): void {}
      show(): void {}
    }
    expect(Reflect.getMetadata(LOCK_SESSION, Shop)).toEqual({ limits: { ...DEFAULTS, timeout: 3000 } });
    expect(Reflect.getMetadata(LOCK_SESSION, Shop.prototype.checkout)).toEqual({ limits: DEFAULTS });
    expect(Reflect.getMetadata(LOCK_SESSION, Shop.prototype.show)).toBeUndefined();
  });

  it.each<[keyof LockSessionOptions, number]>([
    ['timeout', 1],
    ['timeout', LONGEST_TIMER],
    ['lease', 100],
    ['lease', LONGEST_TIMER],
    ['maxWaiting', 0],
    ['maxWaiting', Number.MAX_SAFE_INTEGER],
  ])('takes %s: %o', (option, value) => {
    expect(limitsOf({ [option]: value })).toEqual({ ...DEFAULTS, [option]: value });
  });

  it.each<[keyof LockSessionOptions, unknown]>([
    ['timeout', 0],
    ['timeout', LONGEST_TIMER + 1],
    ['timeout', Number.NaN],
    ['timeout', '3000'],
    ['timeout', undefined],
    ['lease', 99],
    ['lease', LONGEST_TIMER + 1],
    ['maxWaiting', -1],
    ['maxWaiting', Infinity],
  ])('refuses %s: %o', (option, value) => {
    const decorate = () => limitsOf({ [option]: value });
    expect(decorate).toThrow(SmartSessionConfigError);
    expect(decorate).toThrow(`option \`${option}\`: @LockSession() was given ${String(value)}. Give a number from `);
  });

  it.each(['wait', 'toString'])('refuses an option that it does not have: %s', (option) => {
    const decorate = () => limitsOf({ [option]: 1 });
    expect(decorate).toThrow(SmartSessionConfigError);
    expect(decorate).toThrow(`option \`${option}\`: @LockSession() has no such option. The options are name, timeout, lease, maxWaiting.`);
  });
});
