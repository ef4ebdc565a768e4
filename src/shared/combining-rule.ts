import type { MergeRule } from './merge-rule.js';

/** A symbol of all copies of the package: an app may import a rule from its CommonJS build, and the module from the other one. */
const COMBINES = Symbol.for('nestjs-smart-session combining rule');

/**
 * Marks a rule whose result may be a value that neither request has set.
 *
 * @param call the call that makes the rule, such as `counter()`
 */
export function combining<Value>(call: string, rule: MergeRule<Value>): MergeRule<Value> {
  return Object.defineProperty(rule, COMBINES, { value: call });
}

/** Returns the call that made a rule which is marked by `combining`; undefined for other rules. */
export function combiningCall(rule: MergeRule): string | undefined {
  return (rule as { [COMBINES]?: string })[COMBINES];
}
