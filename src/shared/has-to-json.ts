/** Whether a value has a `toJSON` of its own, which says what JSON makes of it. */
export function hasToJson(value: unknown): value is { toJSON(key?: string): unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { toJSON?: unknown }).toJSON === 'function';
}
