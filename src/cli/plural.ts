const NUMBERS = new Intl.NumberFormat('en');

/** Formats a number for reading. */
export function inFigures(n: number): string {
  return NUMBERS.format(n);
}

/** Formats a number of things, such as `1 session`, `1,200 sessions`. */
export function count(n: number, thing: string): string {
  return `${inFigures(n)} ${thing}${n === 1 ? '' : 's'}`;
}
