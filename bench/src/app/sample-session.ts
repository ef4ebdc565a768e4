/** The number of keys in a session that clients write. Each belongs to one client. */
export const SLOTS = 16;

/** The length of a slot's value. It is constant, so that the size of a session does not change. */
export const VALUE_LENGTH = 12;

/** Returns a slot's value: a number, padded to the common length. */
export const slotValue = (n: number): string => String(n).padStart(VALUE_LENGTH, '0');

/** Returns the key of a slot. */
export const slotKey = (slot: number | string): string => `slot${slot}`;

const LISTS = ['cart', 'wishlist', 'recentlySeen', 'searches'] as const;

/**
 * Returns session values of about this many bytes of JSON, like those of a shop: the slots, a user, preferences, lists of small
 * objects, and padding up to the exact size.
 */
export function sampleSession(bytes: number): Record<string, unknown> {
  const lists: Record<(typeof LISTS)[number], object[]> = { cart: [], wishlist: [], recentlySeen: [], searches: [] };
  const session: Record<string, unknown> = { ...slots(), ...person(), ...lists, note: '' };
  const size = JSON.stringify(session).length;
  let missing = bytes - size;
  for (let n = 0; missing > 200; n++) {
    const entry = listEntry(n);
    lists[LISTS[n % LISTS.length]!].push(entry);
    missing -= JSON.stringify(entry).length + 1;
  }
  session.note = 'x'.repeat(Math.max(0, bytes - JSON.stringify(session).length));
  return session;
}

function slots(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: SLOTS }, (_, slot) => [slotKey(slot), slotValue(0)]));
}

function person(): Record<string, unknown> {
  return {
    userId: 4711,
    user: { name: 'Anna Example', email: 'anna@example.org', roles: ['customer', 'reviewer'] },
    csrf: '6f1c2a7b9d3e4f50',
    preferences: { theme: 'dark', language: 'en', currency: 'EUR' },
  };
}

function listEntry(n: number): object {
  return { sku: `article-${100_000 + n}`, quantity: 1 + (n % 5), price: 1999 + n, seenAt: 1_700_000_000_000 + n };
}
