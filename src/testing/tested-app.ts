import type { INestApplicationContext, Type } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { SessionCodec } from '../codec/session.codec.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { DatabaseContext } from '../persistence/database-context.js';
import { SessionProtocol } from '../protocol/session-protocol.js';
import { SessionService } from '../services/session.service.js';
import { SessionTestingError } from '../smart-session.errors.js';
import { found } from './found.js';

/** The app that a test has started, or its `TestingModule` or `ModuleRef`. */
export type TestedApp = Pick<INestApplicationContext, 'get'> | Pick<ModuleRef, 'get'>;

/** The parts of the app's session module that a test needs. */
export interface AppSessions {
  readonly options: SmartSessionOptions;
  readonly service: SessionService;
  readonly protocol: SessionProtocol;
  readonly codec: SessionCodec;
  readonly database: DatabaseContext;
}

/**
 * Returns the sessions of an app.
 *
 * @param operation the function that the test has called, for the error
 * @throws SessionTestingError for an app without the module
 */
export function sessionsOf(app: TestedApp, operation: string): AppSessions {
  if (typeof (app as Partial<TestedApp> | undefined)?.get !== 'function')
    throw new SessionTestingError(operation, `${found(app)} is no app`, 'Pass the app, its TestingModule or a ModuleRef');
  const part = <Part>(type: Type<Part>): Part => (app as Pick<ModuleRef, 'get'>).get(type, { strict: false });
  try {
    return {
      options: part(SmartSessionOptions as Type<SmartSessionOptions>),
      service: part(SessionService),
      protocol: part(SessionProtocol),
      codec: part(SessionCodec),
      database: part(DatabaseContext),
    };
  } catch (error) {
    throw new SessionTestingError(
      operation,
      'the app has no SmartSessionModule',
      'Import SmartSessionModule or SmartSessionTestingModule, from the same build of the package (CommonJS or ES modules) as the test',
      error,
    );
  }
}
