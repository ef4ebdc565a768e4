import { PLAIN_STORES } from './plain-stores/index.js';
import type { Side } from './race-event.js';
import { HEADERS } from './recorder.js';

/** After this many requests the code runs at full speed. */
const ROUNDS = 25;

/** Sends requests whose answers are ignored, so that a process's first race is as fast as its later ones. */
export async function warmUp(urls: Readonly<Record<Side, string>>): Promise<void> {
  await Promise.all([warmUpStore(urls.smart), ...PLAIN_STORES.map(({ name }) => warmUpStore(urls.lastWrite, name))]);
}

async function warmUpStore(url: string, store = ''): Promise<void> {
  const chosen = { [HEADERS.store]: store };
  const started = await fetch(`${url}/start`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json', ...chosen },
  });
  const headers = { ...chosen, cookie: started.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all([1, 2].map(async (n) => (await fetch(`${url}/tabs/${n}?wait=0`, { method: 'POST', headers })).arrayBuffer()));
  }
  await fetch(`${url}/session`, { method: 'DELETE', headers });
}
