import { setTimeout as sleep } from 'node:timers/promises';
import { passGate } from './gate.js';

/**
 * The session of one request, as its library shows it to a handler.
 *
 * @typedef {object} LiveSession
 * @property {() => object | undefined} values undefined if the library gives the request no session
 * @property {(key: string, value: unknown) => unknown} set
 * @property {() => unknown} end logs out
 */

/**
 * The routes that a race needs. `held` waits at the gate between its load and its save. Without a value, one is added to a number.
 *
 * @param {{ method: string, url: string }} request
 * @param {LiveSession} live
 * @returns {Promise<object>} the body of the answer, in JSON
 */
export async function answer({ method, url }, live) {
  const { pathname, searchParams } = new URL(url, 'http://app');
  const [, route, key] = pathname.split('/');
  if (method === 'GET') return { hasSession: live.values() !== undefined, values: { ...live.values() } };
  if (method === 'DELETE') return (await live.end(), { ok: true });
  if (route === 'held') await passGate();
  else await sleep(Number(searchParams.get('wait')));
  await live.set(key, searchParams.get('value') ?? (live.values()[key] ?? 0) + 1);
  return { ok: true };
}
