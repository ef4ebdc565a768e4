import { performance } from 'node:perf_hooks';
import { append, deep, union, unionBy, type MergeRule, type MergeSides } from 'nestjs-smart-session';

/** Measures the cost of a merge: both sides have added to a list of 15,000 items of 50 bytes. */
const ITEMS = 15_000;
const RUNS = 15;

interface Item {
  readonly id: string;
  readonly text: string;
}

const items = Array.from({ length: ITEMS }, (_, n): Item => ({ id: `id-${n}`, text: 'x'.repeat(22) }));
const lists = { strings: items.map(({ id, text }) => `${id} ${text}${' '.repeat(15)}`), objects: items };
const objects = Object.fromEntries(items.map(({ id, text }) => [id, { text }]));

const CASES: Readonly<Record<string, readonly [rule: MergeRule, sides: string]>> = {
  'append()': [append(), sidesOf(lists.strings, 'mine', 'theirs')],
  'union() of strings': [union(), sidesOf(lists.strings, 'mine', 'theirs')],
  "unionBy('id')": [unionBy('id'), sidesOf<Item>(lists.objects, { id: 'mine', text: '' }, { id: 'theirs', text: '' })],
  'deep()': [deep(), JSON.stringify({ base: objects, mine: { ...objects, mine: {} }, theirs: { ...objects, theirs: {} } })],
  'union() of objects': [union(), sidesOf<Item>(lists.objects, { id: 'mine', text: '' }, { id: 'theirs', text: '' })],
};

console.log('| rule | median time in ms | min … max |\n| --- | --- | --- |');
for (const [name, [rule, sides]] of Object.entries(CASES)) {
  const times = Array.from({ length: RUNS }, () => timeOf(rule, sides)).toSorted((a, b) => a - b);
  console.log(`| \`${name}\` | ${times[RUNS >> 1]!.toFixed(0)} | ${times[0]!.toFixed(0)} … ${times.at(-1)!.toFixed(0)} |`);
}

/** Returns the time of a merge with the parsing of its sides and the writing of its result, in ms. */
function timeOf(rule: MergeRule, sides: string): number {
  const start = performance.now();
  JSON.stringify(rule({ key: 'list', ...(JSON.parse(sides) as Omit<MergeSides, 'key'>) }));
  return performance.now() - start;
}

function sidesOf<T>(base: readonly T[], mine: T, theirs: T): string {
  return JSON.stringify({ base, mine: [...base, mine], theirs: [...base, theirs] });
}
