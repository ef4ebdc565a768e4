/**
 * So many arrays and objects (with `rich` maps and sets too) may be nested in the value of a key. Every function that
 * walks a value calls itself once a level: deeper values could exceed the stack of one of them, after they were stored.
 */
export const DEEPEST = 200;
