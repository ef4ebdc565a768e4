import type { Overwrite } from './overwrites.js';

/** The rule to declare for a key that lost a change. */
export interface RuleAdvice {
  /** The code to declare. Undefined for a long key, of which only the start is known. */
  readonly code: string | undefined;
  /** The rest of the sentence, with code in backticks. */
  readonly rest: string;
}

const OR_LAST = 'or `lastWins()` if the last change is right';

/** Returns the rule to declare, and the alternative: the types of values do not tell what the app means. */
export function adviceFor({ key, rule }: Pick<Overwrite, 'key' | 'rule'>): RuleAdvice {
  if (rule === undefined) return { code: undefined, rest: `give the whole name of the key a rule, ${OR_LAST}` };
  return { code: declarationOf(key, rule), rest: restFor(rule) };
}

function declarationOf(key: string, rule: string): string {
  return `merge: { ${/^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key.replaceAll("'", String.raw`\'`)}'`}: ${rule} }`;
}

function restFor(rule: string): string {
  if (rule === 'lastWins()') return ' if the last change is right, or another rule';
  return rule.startsWith('unionBy') ? ` with the field that identifies an item, ${OR_LAST}` : `, ${OR_LAST}`;
}
