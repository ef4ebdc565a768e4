/**
 * The largest number of nested arrays and objects in the value of a key. With `rich`, maps and sets count too. Every function
 * that walks a value recurses once for each level. A deeper value could be stored and then exceed the stack of one of them.
 */
export const DEEPEST = 200;
