import type { MikroORM } from '@mikro-orm/core';

/**
 * Opens the app's MikroORM by the configuration that `mikro-orm` itself would find, with none of its entities.
 *
 * @param configPaths the files to look for, instead of the usual ones
 * @throws Error when `@mikro-orm/cli` is not there, and what it throws for a configuration that is not there
 */
export async function openOrm(contextName: string | undefined, configPaths: string[] | undefined): Promise<MikroORM> {
  const cli = await importMikroOrmCli();
  // Makes files of TypeScript readable, as the app's package.json has it.
  await configureOf(cli)();
  // By this MikroORM leaves the entities out: to find them all takes long, and they are not needed.
  return cli.CLIHelper.getORM(contextName, configPaths, { discovery: { warnWhenNoEntities: false } });
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
    if (!isMissing(error as NodeJS.ErrnoException)) throw error;
    throw new Error("the app's MikroORM configuration is read by @mikro-orm/cli, which is not installed. Install it: npm install --save-dev @mikro-orm/cli", { cause: error });
  }
}

/** It may also be one of its own packages that is missing. */
function isMissing({ code, message }: NodeJS.ErrnoException): boolean {
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes("'@mikro-orm/cli'");
}
