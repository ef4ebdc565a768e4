/** Whether a value has a method `toJSON`, which returns what JSON writes for it. */
export function hasToJson(value: unknown): value is { toJSON(key?: string): unknown } {
  return typeof value === 'object' && value !== null && typeof (value as { toJSON?: unknown }).toJSON === 'function';
}
