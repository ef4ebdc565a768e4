/** An object of names and values that is not an instance of a class. */
export type PlainObject = Readonly<Record<string, unknown>>;

/** Whether a value is a plain object, of this realm or of another one. */
export function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== 'object' || value === null || Object.prototype.toString.call(value) !== '[object Object]') return false;
  return isPlainPrototype(Object.getPrototypeOf(value) as object | null);
}

/** Whether a value is an object with keys, of any class, and no array. */
export function isKeyedObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a prototype is null, or the `Object.prototype` of this realm or of another one. */
export function isPlainPrototype(prototype: object | null): boolean {
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty'));
}
