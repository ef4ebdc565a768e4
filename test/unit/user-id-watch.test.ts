import { Logger } from '@nestjs/common';
import { vi } from 'vitest';
import { SessionCodec } from '../../src/codec/session.codec.js';
import type { SmartSessionModuleOptions } from '../../src/index.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { UserIdWatch } from '../../src/records/user-id-watch.js';
import { encoded } from '../support/records.js';

describe('the watch for sessions without a user', () => {
  const environment = process.env.NODE_ENV;
  let lines: string[];

  beforeEach(() => {
    lines = [];
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void lines.push(String(line)));
  });

  afterEach(() => {
    vi.restoreAllMocks();
    if (environment === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = environment;
  });

  function watch(userId: SmartSessionModuleOptions['userId']): UserIdWatch {
    const options = new SmartSessionOptions({ secret: 'kR3v9TqXb7LmN2pW8sYdF4gH6jZcAe1u', ...(userId === undefined ? {} : { userId }) });
    return new UserIdWatch(new SessionCodec(options), options);
  }

  it('warns of a key that finds no user, and names the keys of the session, but no value', () => {
    watch('usrId').see(encoded({ userId: 'ann', cart: ['secret'] }));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(
      'The option `userId` ("usrId") found no user in a session after `regenerate`. The keys of the session: "userId", "cart".',
    );
    expect(lines[0]).not.toContain('ann');
    expect(lines[0]).not.toContain('secret');
  });

  it('warns of a function that finds no user, and does not show it', () => {
    watch(() => undefined).see(encoded({ n: 1 }));
    expect(lines[0]).toContain('The option `userId` (a function) found no user');
  });

  it('names no reserved key: the record keeps the cookie there', () => {
    watch('userId').see(
      new Map([
        ['cookie', '{}'],
        ['n', '1'],
      ]),
    );
    expect(lines[0]).toContain('The keys of the session: "n".');
  });

  it('warns once', () => {
    const watched = watch('userId');
    watched.see(encoded({}));
    watched.see(encoded({}));
    expect(lines).toHaveLength(1);
  });

  it('says nothing of a user, nor of any later session', () => {
    const watched = watch('userId');
    watched.see(encoded({ userId: 'ann' }));
    watched.see(encoded({}));
    expect(lines).toEqual([]);
  });

  it('says nothing of a value that is not a user id: the commit refuses it', () => {
    watch('userId').see(encoded({ userId: {} }));
    expect(lines).toEqual([]);
  });

  it('says nothing without the option, and nothing in production', () => {
    watch(undefined).see(encoded({}));
    process.env.NODE_ENV = 'production';
    watch('userId').see(encoded({}));
    expect(lines).toEqual([]);
  });
});
