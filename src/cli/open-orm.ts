import { MikroORM } from '@mikro-orm/core';
import { MissingPackageError, importError } from '../dialects/missing-package.js';
import { isSessionEntity } from '../persistence/session.entity.js';

/**
 * Opens the app's MikroORM by the configuration that `mikro-orm` itself would find, with no entity but those of sessions
 * tables that stand in its list: to find all takes long, and they are not needed.
 *
 * @param configPaths the files to look for, instead of the usual ones
 * @throws Error when `@mikro-orm/cli` is not there, and what it throws for a configuration that is not there
 */
export async function openOrm(contextName: string | undefined, configPaths: string[] | undefined): Promise<MikroORM> {
  const cli = await importMikroOrmCli();
  // Makes files of TypeScript readable, as the app's package.json has it.
  await configureOf(cli)();
  const config = await cli.CLIHelper.getConfiguration(contextName, configPaths, { discovery: { warnWhenNoEntities: false } });
  config.set('entities', config.get('entities').filter(isSessionEntity));
  config.set('entitiesTs', []);
  config.set('allowGlobalContext', true);
  config.set('debug', false);
  // MikroORM 6 connects at once, and logs that it has failed to.
  config.set('connect' as never, false as never);
  return MikroORM.init(config.getAll());
}

/** The table of the session entity in the app's MikroORM; undefined where it has none, or several. */
export function tableNameIn(orm: MikroORM | undefined): string | undefined {
  const names = orm ? [...orm.getMetadata()].map(({ tableName }) => tableName) : [];
  return names.length === 1 ? names[0] : undefined;
}

type MikroOrmCli = typeof import('@mikro-orm/cli');

/** MikroORM 6 has it in a class. */
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
      "the app's MikroORM configuration is read by @mikro-orm/cli, which is not installed. Install it: npm install --save-dev @mikro-orm/cli",
      { cause: error },
    );
  }
}
