import { sampleSession, slotKey, slotValue, SLOTS } from '../../bench/src/app/sample-session.js';
import { planClients } from '../../bench/src/load/client-plan.js';

const sessions = Array.from({ length: 500 }, (_, n) => `session ${n}`);

describe('the clients of a benchmark', () => {
  it.each([1, 16, 64, 256])('of %i, no two ever write the same slot of a session', (connections) => {
    const writers = planClients(connections, sessions).flatMap((plan) => plan.sessions.map((session) => `${session} ${plan.slot}`));
    expect(new Set(writers).size).toBe(writers.length);
  });

  it('are in groups of as many as there are slots, with equal shares of the sessions', () => {
    const plans = planClients(64, sessions);
    expect(new Set(plans.map((plan) => plan.sessions.length))).toEqual(new Set([125]));
    expect(plans[15]).toEqual({ slot: 15, sessions: sessions.slice(0, 125) });
    expect(plans[16]).toEqual({ slot: 0, sessions: sessions.slice(125, 250) });
  });

  it('cannot be more than their sessions have slots', () => {
    expect(() => planClients(17, ['one'])).toThrow('too few');
    expect(planClients(16, ['one'])).toHaveLength(16);
  });
});

describe('the sessions of a benchmark', () => {
  it.each([1000, 10_000, 100_000])('have %i bytes', (bytes) => {
    expect(JSON.stringify(sampleSession(bytes))).toHaveLength(bytes);
  });

  it('have all slots, and setting one does not change the size', () => {
    const session = sampleSession(1000);
    for (let slot = 0; slot < SLOTS; slot++) session[slotKey(slot)] = slotValue(123_456 + slot);
    expect(JSON.stringify(session)).toHaveLength(1000);
  });
});
