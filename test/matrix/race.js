export const ROUNDS = 5;
export const REQUESTS = 20;

/**
 * Rounds of requests at once, each setting a key of its own on one session.
 *
 * @param {string} base the app's address
 * @returns {Promise<number>} how many of `ROUNDS * REQUESTS` keys are kept
 * @throws {Error} when a request is not answered with 2xx
 */
export async function race(base) {
  const first = await checked(fetch(`${base}/keys/first`, { method: 'POST' }));
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(
      Array.from({ length: REQUESTS }, (_, n) => checked(fetch(`${base}/keys/r${round}n${n}`, { method: 'POST', headers: { cookie } }))),
    );
  }
  const keys = await (await checked(fetch(`${base}/keys`, { headers: { cookie } }))).json();
  return keys.length - 1;
}

async function checked(answer) {
  const response = await answer;
  if (!response.ok) throw new Error(`${response.url} was answered with ${response.status}: ${await response.text()}`);
  return response;
}
