import type { FileChange } from './file-change.js';

/** The number of unchanged lines around a change. */
const CONTEXT = 3;

/** Returns a change as a unified diff with one hunk. */
export function unifiedDiff({ path, before, after, isSecret = false }: FileChange): string {
  const [old, now] = [linesOf(before ?? ''), linesOf(after)];
  const shortest = Math.min(old.length, now.length);
  const same = countWhile(shortest, (n) => old[n] === now[n]);
  const sameAtEnd = countWhile(shortest - same, (n) => old.at(-1 - n) === now.at(-1 - n));
  const context = isSecret ? 0 : CONTEXT;
  const from = Math.max(0, same - context);
  const behind = Math.min(context, sameAtEnd);
  const shown = (lines: readonly string[]) => lines.slice(same, lines.length - sameAtEnd).map(isSecret ? withoutValue : (line) => line);
  const rangeOf = (lines: readonly string[]) => {
    const length = lines.length - sameAtEnd + behind - from;
    return `${length === 0 ? from : from + 1},${length}`;
  };
  return [
    `--- ${before === undefined ? '/dev/null' : path}`,
    `+++ ${path}`,
    `@@ -${rangeOf(old)} +${rangeOf(now)} @@`,
    ...old.slice(from, same).map((line) => ` ${line}`),
    ...shown(old).map((line) => `-${line}`),
    ...shown(now).map((line) => `+${line}`),
    ...now.slice(now.length - sameAtEnd, now.length - sameAtEnd + behind).map((line) => ` ${line}`),
  ].join('\n');
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function countWhile(most: number, isSame: (n: number) => boolean): number {
  let n = 0;
  while (n < most && isSame(n)) n++;
  return n;
}

function withoutValue(line: string): string {
  return line.replace(/=.+/, '=(not shown)');
}
