import type { StoreDefinition } from '../stores/store-definition.js';

/** Ends the id of a store that another checkout runs. */
export const OTHER = '@other';

/** Each store twice: as this checkout runs it, and as another one does. */
export function inBoth(stores: readonly StoreDefinition[], checkout: string): StoreDefinition[] {
  return stores.flatMap((store) => [store, { ...store, id: store.id + OTHER, label: `${store.label}, the other checkout`, checkout }]);
}
