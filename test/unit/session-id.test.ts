import { isSessionId } from '../../src/protocol/session-id.js';

describe('a session id', () => {
  it('is a text that is not empty', () => {
    expect(isSessionId('a')).toBe(true);
  });

  it.each([
    ['an empty text', ''],
    ['an object, as cookie-parser makes it', { id: 'a' }],
    ['a number', 7],
    ['nothing', undefined],
    ['null', null],
  ])('is not %s', (_name, given) => {
    expect(isSessionId(given)).toBe(false);
  });
});
