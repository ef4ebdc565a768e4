import { callsOf, digitsOf, type MigrationFormat, type MigrationPlan } from './migration-format.js';

/** Knex's migrations. */
export const knexFormat: MigrationFormat = {
  name: 'knex',
  advice: 'Run it: npx knex migrate:latest',
  isUsedWith: (packageName) => packageName === 'knex',

  async fileFor(plan) {
    const name = `${digitsOf(plan.time)}_${plan.title}`;
    switch (plan.language) {
      case 'typescript':
        return {
          name: `${name}.ts`,
          text: `import type { Knex } from 'knex';\n\n${functionsOf(plan, 'export async function ', 'knex: Knex', ': Promise<void>')}`,
        };
      case 'es-module':
        return { name: `${name}.js`, text: functionsOf(plan, 'export async function ') };
      case 'commonjs':
        return { name: `${name}.js`, text: functionsOf(plan, 'exports.') };
    }
  },
};

function functionsOf({ up, down }: MigrationPlan, prefix: string, parameter = 'knex', type = ''): string {
  const isAssigned = prefix === 'exports.';
  const define = (name: string, statements: readonly string[]) =>
    `${prefix}${name}${isAssigned ? ' = async function ' : ''}(${parameter})${type} {\n${callsOf('await knex.raw', statements, '  ')}}${isAssigned ? ';' : ''}\n`;
  return `${define('up', up)}\n${define('down', down)}`;
}
