import { setTimeout as sleep } from 'node:timers/promises';
import { Visitor } from './visitor.js';

/** A store that locks lets the second request wait for the first one. The first one goes on after so many ms. */
const LOCK_WAIT = 700;
/** Some stores answer before they have stored. A read finds what is stored after so many ms. */
const SETTLE = 250;

/**
 * Runs two requests of one session in a fixed order: the first loads, the second runs whole, the first saves. Says what a read then finds.
 *
 * @param {import('./app-process.js').AppProcess} app
 * @returns {Promise<{ twoKeys: string, sameKey: string, counter: string, logout: string }>}
 */
export async function overtake(app) {
  return {
    twoKeys: await inOrder(
      app,
      (slow) => slow.setHeld('slow', 1),
      (fast) => fast.set('fast', 1),
      judgeTwoKeys,
    ),
    sameKey: await inOrder(
      app,
      (slow) => slow.setHeld('key', 'slow'),
      (fast) => fast.set('key', 'fast'),
      judgeSameKey,
    ),
    counter: await inOrder(
      app,
      (slow) => slow.addHeld('count'),
      (fast) => fast.add('count'),
      ({ count }) => `${count} of 2`,
    ),
    logout: await inOrder(
      app,
      (slow) => slow.setHeld('slow', 1),
      (fast) => fast.logOut(),
      judgeLogout,
    ),
  };
}

function judgeTwoKeys({ slow, fast }) {
  if (slow && fast) return 'both kept';
  return slow || fast ? 'one lost' : 'both lost';
}

/** The slow one saves last, unless a lock lets the fast one wait. */
function judgeSameKey({ key }, hasWaited) {
  if (key === undefined) return 'both lost';
  return (key === 'slow') === hasWaited ? 'first write wins' : 'last write wins';
}

function judgeLogout({ first }) {
  return first === undefined ? 'stays ended' : 'comes back';
}

async function inOrder(app, sendSlow, sendFast, judge) {
  const visitor = new Visitor(app.url);
  await visitor.set('first', 1);
  const reached = app.gateReached();
  const slow = sendSlow(visitor);
  await Promise.race([reached, slow]);
  const fast = sendFast(visitor);
  const hasWaited = await Promise.race([fast.then(() => false), sleep(LOCK_WAIT, true)]);
  app.openGate();
  const answers = await Promise.all([slow, fast]);
  await sleep(SETTLE);
  const { status, values } = await visitor.read();
  const refused = [...answers, { status }].find((answer) => answer.status !== 200);
  return refused ? `answered with ${refused.status}` : judge(values, hasWaited);
}
