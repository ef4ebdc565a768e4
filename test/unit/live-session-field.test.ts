import { LiveSessionField } from '../../src/live/live-session-field.js';
import { LiveSession } from '../../src/live/live-session.js';

describe('the field of a live session', () => {
  it('is on the object that was given it, and on no other', () => {
    const session = { user: 'ada' };
    const live = new LiveSession('key');
    expect(LiveSessionField.find(session)).toBeUndefined();
    LiveSessionField.set(session, live);
    expect(LiveSessionField.find(session)).toBe(live);
    expect(LiveSessionField.find({ user: 'ada' })).toBeUndefined();
  });

  it('holds the state that was set last', () => {
    const session = {};
    LiveSessionField.set(session, new LiveSession('first'));
    const second = new LiveSession('second');
    LiveSessionField.set(session, second);
    expect(LiveSessionField.find(session)).toBe(second);
  });

  it('is not seen by the app, by a serializer or by a copy', () => {
    const session = { user: 'ada' };
    LiveSessionField.set(session, new LiveSession('key'));
    expect(Reflect.ownKeys(session)).toEqual(['user']);
    expect(Object.getPrototypeOf(session)).toBe(Object.prototype);
    expect(JSON.stringify(session)).toBe('{"user":"ada"}');
    expect(LiveSessionField.find({ ...session })).toBeUndefined();
    expect(LiveSessionField.find(structuredClone(session))).toBeUndefined();
    expect(LiveSessionField.find(Object.create(session))).toBeUndefined();
  });

  it('is no key of the session', () => {
    const session = { live: new LiveSession('key') };
    expect(LiveSessionField.find(session)).toBeUndefined();
  });

  it.each([undefined, null, 'text', 7, true])('is not on %s, which an app may have put in the place of the session', (value) => {
    expect(LiveSessionField.find(value as unknown as object)).toBeUndefined();
  });
});
