/**
 * Finds a shortest part of a history that still shows something: leaves out one part after the other, first large ones, as long as the
 * rest shows it. No single item can be left out of the result.
 */
export function shrink<Item>(items: readonly Item[], shows: (rest: readonly Item[]) => boolean): Item[] {
  let rest = [...items];
  for (let size = Math.ceil(rest.length / 2); size > 0;) {
    const before = rest.length;
    for (let at = 0; at < rest.length;) {
      const without = rest.toSpliced(at, size);
      if (shows(without)) rest = without;
      else at += size;
    }
    if (size > 1) size = Math.ceil(size / 2);
    else if (rest.length === before) size = 0;
  }
  return rest;
}
