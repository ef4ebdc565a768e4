import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import { isProduction } from '../shared/production.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';

/** The options of `SessionBoardModule.forRoot`. */
export interface SessionBoardOptions extends Pick<ModuleMetadata, 'imports'> {
  /** The path of the board, below the global prefix. Default: `sessions`. */
  readonly path?: string;
  /** Decides who may see the board and end sessions: a guard of Nest, or its class. Required in production. */
  readonly guard?: CanActivate | Type<CanActivate>;
  /** Decorators of the board's controller which guards of the app read, such as `[Roles('admin')]`. Default: none. */
  readonly decorators?: readonly ClassDecorator[];
}

/** Whether each request may see the board and end sessions. */
export function isOpenBoard({ guard }: SessionBoardOptions): boolean {
  return guard === undefined;
}

type Rule = readonly [isRight: (given: unknown) => boolean, advice: string];

const isFunction = (given: unknown) => typeof given === 'function';

const RULES: Readonly<Record<keyof SessionBoardOptions, Rule>> = {
  path: [
    (given) => typeof given === 'string' && !/[*{}()[\]+!?#\\:]/.test(given),
    "Give a path without patterns and parameters, such as 'sessions'.",
  ],
  guard: [
    isGuard,
    'Give a guard of Nest or its class, with the method `canActivate`. Nest ignores anything else, and a class without a name. Leave it out for a board without a guard.',
  ],
  decorators: [(given) => Array.isArray(given) && given.every(isFunction), "Give a list of decorators, such as [Roles('admin')]."],
  imports: [Array.isArray, 'Give a list of modules.'],
};

/**
 * Checks the options of a board.
 *
 * @throws SmartSessionConfigError for an option that is unknown or wrong, and for a board without a guard in production
 */
export function checkBoardOptions(options: SessionBoardOptions): void {
  for (const [option, given] of Object.entries(options)) checkOption(option, given);
  if (!isOpenBoard(options) || !isProduction()) return;
  throw new SmartSessionConfigError(
    'guard',
    'nothing was given to `SessionBoardModule.forRoot`',
    'In production, give a guard that lets only administrators pass: the board ends sessions of all users.',
  );
}

function checkOption(option: string, given: unknown): void {
  if (!Object.hasOwn(RULES, option))
    throw new SmartSessionConfigError(
      option,
      'there is no such option of `SessionBoardModule.forRoot`',
      `The options are ${Object.keys(RULES).join(', ')}.`,
    );
  const [isRight, advice] = RULES[option as keyof SessionBoardOptions];
  if (given === undefined || isRight(given)) return;
  const shown = typeof given === 'string' ? JSON.stringify(given) : `a value of type ${given === null ? 'null' : typeof given}`;
  throw new SmartSessionConfigError(option, `${shown} was given to \`SessionBoardModule.forRoot\``, advice);
}

/**
 * Whether Nest calls it: an object that has the method, or a class with a name that has it on its prototype. A function that makes a class
 * has none. If a class has a static `canActivate` too, Nest takes that one.
 */
function isGuard(given: unknown): boolean {
  const { canActivate, prototype } = (given ?? {}) as Partial<CanActivate> & { readonly prototype?: Partial<CanActivate> };
  if (canActivate) return isFunction(canActivate);
  return typeof given === 'function' && given.name !== '' && isFunction(prototype?.canActivate);
}
