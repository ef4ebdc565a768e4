/* oxlint-disable typescript/no-unsafe-declaration-merging, typescript/no-extraneous-class -- the interface declares the members of the class, and its constructor sets each option of the table */
import { inspect } from 'node:util';
import { closest } from '../shared/closest.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import { refuseConflicts } from './conflicting-options.js';
import type { SmartSessionModuleOptions } from './module-options.js';
import { OPTIONS, type OptionName, type OptionRule } from './option-table.js';
import { UNSUPPORTED_OPTIONS } from './unsupported-options.js';

type Table = typeof OPTIONS;

/**
 * The options in the form that the library uses, as the table `OPTIONS` resolves them. Without a default, an option that is not given
 * stays undefined. The conditions stand here, and not in a type of their own, so that editors and the API page show their outcome.
 */
type ResolvedOptions = {
  readonly [Option in OptionName]-?:
    | (Table[Option] extends { resolve(value: never): infer Result } ? Result : NonNullable<SmartSessionModuleOptions[Option]>)
    | (Table[Option] extends { readonly default: unknown } ? never : undefined);
};

/** The options with their defaults, checked and frozen. Each means what it means in `SmartSessionModuleOptions`. Injectable. */
export interface SmartSessionOptions extends ResolvedOptions {}
/** The options with their defaults, checked and frozen. Each means what it means in `SmartSessionModuleOptions`. Injectable. */
export class SmartSessionOptions {
  /** @throws SmartSessionConfigError for an option that is unknown or wrong */
  constructor(given: SmartSessionModuleOptions) {
    refuseUnknown(given);
    // After assignments in a loop, V8 would keep the properties in a dictionary. Each request reads options, so they must be fast.
    for (const option of optionNames()) Object.defineProperty(this, option, { value: resolve(option, given[option]), enumerable: true });
    refuseConflicts(this);
    Object.freeze(this);
  }
}

function resolve(option: OptionName, given: unknown): unknown {
  const rule: OptionRule<any> = OPTIONS[option];
  // Null counts as not given only if there is a default. Otherwise an app might rely on an option that is off.
  const value: unknown = 'default' in rule ? (given ?? rule.default) : given;
  const advice = rule.check(value);
  if (advice !== undefined) throw new SmartSessionConfigError(option, `${shown(rule, value)} was given`, advice);
  return value === undefined || !rule.resolve ? value : rule.resolve(value);
}

/** Returns what to give instead of a wrong value of an option; undefined if the value is right. */
export function flawIn(option: OptionName, given: unknown): string | undefined {
  return OPTIONS[option].check(given);
}

/** Whether there is an option of this name. */
export function isOption(name: string): boolean {
  return Object.hasOwn(OPTIONS, name);
}

function optionNames(): OptionName[] {
  return Object.keys(OPTIONS) as OptionName[];
}

function refuseUnknown(given: object): void {
  const [unknown, ...others] = Object.keys(given).filter((option) => !isOption(option));
  if (unknown === undefined) return;
  const advice = Object.hasOwn(UNSUPPORTED_OPTIONS, unknown)
    ? UNSUPPORTED_OPTIONS[unknown]
    : `${guess(unknown)}The options are ${optionNames().join(', ')}.`;
  const rest = others.length === 0 ? '' : ` There is no ${others.map((option) => `\`${option}\``).join(', ')} either.`;
  throw new SmartSessionConfigError(unknown, 'there is no such option', `${advice}${rest}`);
}

function guess(unknown: string): string {
  const meant = closest(unknown, optionNames());
  return meant === undefined ? '' : `Did you mean \`${meant}\`? `;
}

/** A value for a message. */
function shown({ isConfidential }: OptionRule<any>, value: unknown): string {
  if (value === undefined) return 'nothing';
  if (isConfidential && value === '') return 'an empty text';
  if (isConfidential) return `a value of type ${Array.isArray(value) ? 'array' : typeof value}`;
  if (typeof value === 'object') return inspect(value, { depth: 2, breakLength: Infinity });
  if (typeof value === 'function') return 'a function';
  return typeof value === 'string' ? `"${value}"` : String(value);
}
