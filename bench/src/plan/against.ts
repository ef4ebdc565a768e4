import type { StoreDefinition } from '../stores/store-definition.js';

/** The suffix of the id of a store that runs from another checkout. */
export const OTHER = '@other';

/** Returns each store twice: from this checkout and from another one. */
export function inBoth(stores: readonly StoreDefinition[], checkout: string): StoreDefinition[] {
  return stores.flatMap((store) => [store, { ...store, id: store.id + OTHER, label: `${store.label}, the other checkout`, checkout }]);
}
