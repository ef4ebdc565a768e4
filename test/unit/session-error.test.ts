import { HttpException } from '@nestjs/common';
import { SessionConflictError, SessionDatabaseError, SessionError, SmartSessionConfigError } from '../../src/index.js';

const config = new SmartSessionConfigError('ttl', '0 was given', 'Give a positive number of ms.');
const conflict = new SessionConflictError('a key', 3);

describe('SessionError', () => {
  it.each<[string, unknown, boolean]>([
    ['an error of a request', conflict, true],
    ['an error of the start', config, true],
    ["a subclass of the app's", new (class extends SessionDatabaseError {})('a', 'b', 'c', 'd'), true],
    ['another HttpException', new HttpException('no', 400), false],
    ['another error', new Error('no'), false],
    ['a text', 'SessionError', false],
    ['null', null, false],
    ['undefined', undefined, false],
  ])('has %s as an instance: %#', (_name, value, isOne) => {
    expect(value instanceof SessionError).toBe(isOne);
  });

  it('leaves the other classes apart', () => {
    expect(config).toBeInstanceOf(SmartSessionConfigError);
    expect(config).not.toBeInstanceOf(SessionDatabaseError);
    expect(conflict).not.toBeInstanceOf(SmartSessionConfigError);
  });

  it('leaves to Nest what only requests throw', () => {
    expect(conflict).toBeInstanceOf(HttpException);
    expect(config).not.toBeInstanceOf(HttpException);
  });

  it('adds nothing to what a logger prints', () => {
    expect(Reflect.ownKeys(conflict).toSorted()).toEqual(Reflect.ownKeys(new HttpException('no', 503)).toSorted());
  });
});
