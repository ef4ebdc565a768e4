import { race, REQUESTS, ROUNDS } from './race.js';

/**
 * Races each way of the library, none of which may lose a key, and a store that must lose some.
 *
 * @param {Record<string, string>} urls of the ways, and of `control`
 * @returns {Promise<string>} how many keys each has kept
 */
export async function verdict({ control, ...ways }) {
  const all = ROUNDS * REQUESTS;
  const kept = [];
  for (const [way, url] of Object.entries(ways)) {
    const keys = await race(url);
    if (keys !== all) throw new Error(`${way}: of ${all} keys ${keys} are kept.`);
    kept.push(keys);
  }
  const ofControl = await race(control);
  if (ofControl === all) throw new Error('The control, a store that writes whole sessions, has lost nothing: the race shows nothing.');
  return `${kept.join(' + ')} (control ${ofControl})`;
}
