/** Whether a prototype is `Object.prototype`, of this realm or of another, or none. */
export function isPlainPrototype(prototype: object | null): boolean {
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty'));
}
