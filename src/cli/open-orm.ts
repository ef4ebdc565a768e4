import { existsSync } from 'node:fs';
import { MikroORM } from '@mikro-orm/core';
import { MissingPackageError, importError } from '../dialects/missing-package.js';
import { isSessionEntity } from '../persistence/session.entity.js';
import { messageOf } from './error-message.js';
import { UsageError } from './usage-error.js';

/**
 * Opens the app's MikroORM with the configuration that `mikro-orm` itself would find. It loads only the entities of sessions
 * tables in its list: discovering all of them takes long, and the command does not need them.
 *
 * @param configPaths the files to look for, instead of the usual ones
 * @throws UsageError for an unknown context, Error if `@mikro-orm/cli` is not installed, and its errors if there is no configuration
 */
export async function openOrm(contextName: string | undefined, configPaths: string[] | undefined): Promise<MikroORM> {
  refuseMissing(configPaths);
  const cli = await importMikroOrmCli();
  const config = await configurationOf(cli, contextName, configPaths).catch((error: unknown) => {
    if (contextName !== undefined && isUnknownContext(error, contextName))
      throw new UsageError(
        `--contextName: the configuration of MikroORM has no "${contextName}". Give the \`contextName\` of one of its entries.`,
      );
    throw new Error(`${messageOf(error).replace(/[.!]$/, '')}. ${ADVICE}`, { cause: error });
  });
  config.set('entities', config.get('entities').filter(isSessionEntity));
  config.set('entitiesTs', []);
  config.set('allowGlobalContext', true);
  config.set('debug', false);
  // A misspelt name would otherwise become a new, empty database.
  config.set('ensureDatabase', false);
  // MikroORM 6 connects immediately, and logs a failure.
  config.set('connect' as never, false as never);
  return MikroORM.init(config.getAll());
}

/** MikroORM's error has no code. If its text changes, the text is shown as it is. */
function isUnknownContext(error: unknown, contextName: string): boolean {
  return messageOf(error).startsWith(`MikroORM config '${contextName}' was not `);
}

const ADVICE =
  'The database is that of `connection` or `client` in the options, which --options names, or that of the configuration of MikroORM, which --config names.';

/** @throws UsageError if there is none of the files */
function refuseMissing(configPaths: string[] | undefined): void {
  if (configPaths && !configPaths.some((path) => existsSync(path)))
    throw new UsageError(`--config: there is no file ${configPaths.join(', ')}.`);
}

async function configurationOf(cli: MikroOrmCli, contextName: string | undefined, configPaths: string[] | undefined) {
  // Makes TypeScript files loadable, as the app's package.json says.
  await configureOf(cli)();
  return cli.CLIHelper.getConfiguration(contextName, configPaths, { discovery: { warnWhenNoEntities: false } });
}

/** Returns the table of the session entity in the app's MikroORM, or undefined if there is none or several. */
export function tableNameIn(orm: MikroORM | undefined): string | undefined {
  const names = orm ? [...orm.getMetadata()].map(({ tableName }) => tableName) : [];
  return names.length === 1 ? names[0] : undefined;
}

type MikroOrmCli = typeof import('@mikro-orm/cli');

/** Returns `configure`, which is a method of a class in MikroORM 6. */
function configureOf(cli: MikroOrmCli | { readonly CLIConfigurator: { configure(): unknown } }): () => unknown {
  return 'configure' in cli ? cli.configure : () => cli.CLIConfigurator.configure();
}

async function importMikroOrmCli(): Promise<MikroOrmCli> {
  try {
    return await import('@mikro-orm/cli');
  } catch (error) {
    const found = importError('@mikro-orm/cli', error);
    if (!(found instanceof MissingPackageError)) throw found;
    throw new Error(
      "@mikro-orm/cli reads the app's MikroORM configuration, but it is not installed. Install it: npm install --save-dev @mikro-orm/cli. If the app has no MikroORM, give --options.",
      { cause: error },
    );
  }
}
