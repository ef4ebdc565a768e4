/** Whether a value is a list or an object of this realm as JSON makes it. Its text needs no class name. */
export function isUsualObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype ? !(Symbol.toStringTag in value) : prototype === Array.prototype && Array.isArray(value);
}
