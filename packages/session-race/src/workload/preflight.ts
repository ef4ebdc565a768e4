import { setTimeout as sleep } from 'node:timers/promises';
import { CannotJudgeError } from '../race.errors.js';
import type { RaceTarget, TargetAnswer } from '../targets/target.js';
import { Browser, hasOne, type BrowserContext, type Exchange } from './browser.js';

/** The abilities of a target, as tried. */
export interface Abilities {
  readonly endings: readonly ('logout' | 'regenerate')[];
  /** The parts that are not judged, and why. */
  readonly notes: readonly string[];
  /** Whether a copy of the cookie finds nothing after a logout. If the cookie holds the session itself, it always does. */
  readonly oldCookiesEnd: boolean;
}

/** A new session may take so many times `settle` to be known at another place: with the default 2 seconds. */
const PATIENCE = 8;
/** The pause between two looks, as a part of `settle`. */
const PAUSE = 0.4;

/**
 * Tries each operation once, with nothing else under way, so that a wrong config or an app without sessions is not taken for a loss.
 *
 * @param settle how long an update may take to show, in ms
 * @throws CannotJudgeError that says what was sent, what came back, and what would be right
 */
export async function preflight(context: BrowserContext, settle: number): Promise<Abilities> {
  const { target } = context;
  const browser = new Browser('b0', context);
  await begin(browser, target);
  await checkEachPlace(browser, target, settle);
  const logout = await tryLogout(new Browser('b1', context), target, settle);
  const regenerate = await tryRegenerate(new Browser('b2', context), target, settle);
  return {
    endings: [...(logout.isRaced ? (['logout'] as const) : []), ...(regenerate ? (['regenerate'] as const) : [])],
    notes: logout.notes,
    oldCookiesEnd: logout.oldCookiesEnd,
  };
}

/** Begins a session, and sets its first key. */
export async function begin(browser: Browser, target: RaceTarget): Promise<void> {
  const { answer } = await browser.send({ tab: 0, place: 0, operation: 'begin', key: 'first' });
  refuse(answer, 'begin the session', target);
  if (browser.cookies === '') {
    throw new CannotJudgeError(
      explain(
        'The app does not begin a session.',
        answer,
        'An answer with a Set-Cookie header. Does the route set something in the session?',
      ),
    );
  }
  const set = await browser.send({ tab: 0, place: 0, operation: 'set', key: 'own' });
  refuse(set.answer, 'set a key', target);
}

async function checkEachPlace(browser: Browser, target: RaceTarget, settle: number): Promise<void> {
  for (const place of target.places.keys()) {
    const { request, answer } = await readUntilFound(browser, place, settle);
    refuse(answer, 'read the session', target);
    if (hasOne(browser.acknowledged, request.seen)) continue;
    const [what, right] =
      place === 0
        ? ['The routes do not keep a session: a key was set and acknowledged with nothing else under way, and is not in the answer.', KEPT]
        : [`The session that ${target.places[0]} began is not known at ${target.places[place]}.`, SHARED];
    throw new CannotJudgeError(explain(what, answer, right));
  }
}

const KEPT =
  'The answer of the read route contains the value that the set route was given, in any form. If it does, is the cookie Secure, or does "values" in the config name another part of the answer?';
const SHARED =
  'All URLs are processes of one app, with one session store and one secret. Give the URLs of other apps in a run of their own.';

async function readUntilFound(browser: Browser, place: number, settle: number): Promise<Exchange> {
  const until = performance.now() + PATIENCE * settle;
  for (;;) {
    const exchange = await browser.send({ tab: 0, place, operation: 'read' });
    const isFound = exchange.request.seen?.own === browser.acknowledged.get('own');
    if (isFound || exchange.answer.outcome !== 'ok' || performance.now() > until) return exchange;
    await sleep(PAUSE * settle);
  }
}

async function tryLogout(
  browser: Browser,
  target: RaceTarget,
  settle: number,
): Promise<{ isRaced: boolean; notes: string[]; oldCookiesEnd: boolean }> {
  const notRaced = (why: string) => ({ isRaced: false, notes: [`Logouts are not judged: ${why}`], oldCookiesEnd: true });
  if (target.offers.logout === 'no') return notRaced('there is no route for them in the config.');
  await begin(browser, target);
  // A store that answers before it has stored is not to be taken for a logout that ends nothing.
  await readUntilFound(browser, 0, settle);
  const { cookies } = browser;
  const { answer } = await browser.send({ tab: 0, place: 0, operation: 'logout' });
  const isOptional = target.offers.logout === 'maybe';
  if (answer.outcome !== 'ok') {
    if (isOptional) return notRaced(`${answer.sent} was answered with ${answer.received}`);
    refuse(answer, 'log out', target);
  }
  const own = await browser.send({ tab: 0, place: 0, operation: 'read' });
  if (hasOne(browser.acknowledged, own.request.seen)) {
    const text = explain('The logout ends no session, with nothing else under way.', own.answer, 'An answer without the values of before.');
    if (isOptional) return notRaced(text);
    throw new CannotJudgeError(text);
  }
  const old = await browser.send({ tab: 0, place: 0, operation: 'read', cookies });
  const oldCookiesEnd = !hasOne(browser.acknowledged, old.request.seen);
  const note =
    'A copy of the cookie still finds the session after a logout, also with nothing else under way. Cookies that hold the session do that. It is not counted as a resurrection.';
  return { isRaced: true, notes: oldCookiesEnd ? [] : [note], oldCookiesEnd };
}

async function tryRegenerate(browser: Browser, target: RaceTarget, settle: number): Promise<boolean> {
  if (target.offers.regenerate === 'no') return false;
  await begin(browser, target);
  await readUntilFound(browser, 0, settle);
  const { cookies } = browser;
  const { answer } = await browser.send({ tab: 0, place: 0, operation: 'regenerate' });
  refuse(answer, 'regenerate the session', target);
  const old = await browser.send({ tab: 0, place: 0, operation: 'read', cookies });
  if (browser.cookies !== cookies && !hasOne(browser.acknowledged, old.request.seen)) return true;
  throw new CannotJudgeError(
    explain(
      'The regeneration leaves the old session as it was, with nothing else under way.',
      answer,
      'A new cookie, and no values with the old one.',
    ),
  );
}

function refuse(answer: TargetAnswer, what: string, target: RaceTarget): void {
  if (answer.outcome === 'ok') return;
  const isDown = answer.status === undefined;
  const right = isDown ? 'An answer. Is the app running there?' : `A status of 200 to 299. ${target.hint}`;
  throw new CannotJudgeError(explain(`The app does not ${what}.`, answer, right));
}

function explain(what: string, { sent, received }: TargetAnswer, right: string): string {
  return `${what}\n  sent:     ${sent}\n  received: ${received}\n  right:    ${right}`;
}
