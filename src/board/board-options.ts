import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';
import { isProduction } from '../shared/production.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';

/** The options of `SessionBoardModule.forRoot`. */
export interface SessionBoardOptions extends Pick<ModuleMetadata, 'imports'> {
  /** The path of the board, below the global prefix. Default: `sessions`. */
  readonly path?: string;
  /** Decides who may see the board and end sessions: a guard of Nest, or its class. Required in production. */
  readonly guard?: CanActivate | Type<CanActivate>;
}

/** @throws SmartSessionConfigError if the app runs in production and there is no guard */
export function refuseOpenBoard({ guard }: SessionBoardOptions): void {
  if (guard !== undefined || !isProduction()) return;
  throw new SmartSessionConfigError(
    'guard',
    'nothing was given to `SessionBoardModule.forRoot`',
    'In production, give a guard that lets only administrators pass: the board ends sessions of all users.',
  );
}
