import type { Abstract, FactoryProvider, ModuleMetadata, Provider, Type } from '@nestjs/common';
import type { SmartSessionModuleOptions } from './options/module-options.js';
import { SmartSessionConfigError } from './smart-session.errors.js';

/** Makes the options, for `useClass` and `useExisting`. */
export interface SmartSessionOptionsFactory {
  /** Makes the options. Called once, at start. */
  createSmartSessionOptions(): SmartSessionModuleOptions | Promise<SmartSessionModuleOptions>;
}

/** The options of `SmartSessionModule.forRootAsync`: one of the three ways to make the options of the module. */
export type SmartSessionModuleAsyncOptions = Pick<ModuleMetadata, 'imports'> & {
  /** The context name of the app's MikroORM. It is needed before the options are made, to know what to inject. */
  contextName?: string;
} & (
    | Pick<FactoryProvider<SmartSessionModuleOptions | Promise<SmartSessionModuleOptions>>, 'useFactory' | 'inject'>
    | { useClass: Type<SmartSessionOptionsFactory> }
    | { useExisting: Type<SmartSessionOptionsFactory> | Abstract<SmartSessionOptionsFactory> }
  );

function noWay(): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'useFactory',
    'nothing was given to `forRootAsync`',
    'Give `useFactory`, `useClass` or `useExisting`.',
  );
}

/** The token of the options that the app gave, before they are checked. */
export const GIVEN_OPTIONS = Symbol('SmartSessionModuleOptions');

/** Returns the providers of `GIVEN_OPTIONS`. */
export function optionsProviders(options: SmartSessionModuleAsyncOptions): Provider[] {
  if ('useFactory' in options) {
    return [{ provide: GIVEN_OPTIONS, useFactory: options.useFactory, inject: options.inject ?? [] }];
  }
  if (!('useClass' in options || 'useExisting' in options)) throw noWay();
  const isOwn = 'useClass' in options;
  const factory = isOwn ? options.useClass : options.useExisting;
  const given: Provider = {
    provide: GIVEN_OPTIONS,
    inject: [factory],
    useFactory: (made: SmartSessionOptionsFactory) => made.createSmartSessionOptions(),
  };
  return isOwn ? [options.useClass, given] : [given];
}
