/** Whether JSON gives a value back as it was: null, booleans, strings, finite numbers but -0, and dense arrays and plain objects of such. */
export function isJsonValue(value: unknown, ancestors: ReadonlySet<object> = NONE): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || ancestors.has(value)) return false;
  const line = new Set(ancestors).add(value);
  // A loop by index sees the holes that `every` skips.
  if (Array.isArray(value)) return isPlainArray(value) && Array.from(value, (item) => isJsonValue(item, line)).every(Boolean);
  return isJsonObject(value) && Object.values(value).every((item) => isJsonValue(item, line));
}

const NONE: ReadonlySet<object> = new Set();

function isPlainArray(value: readonly unknown[]): boolean {
  return value.constructor?.name === 'Array' && Object.keys(value).length === value.length;
}

/** By the root of its prototypes, for it may come from another realm. */
function isJsonObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype !== null && Object.getPrototypeOf(prototype) === null && Object.getOwnPropertySymbols(value).length === 0;
}
