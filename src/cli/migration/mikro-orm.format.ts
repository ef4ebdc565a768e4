import { callsOf, digitsOf, type MigrationFormat, type MigrationPlan } from './migration-format.js';

const IMPORTED = "import { Migration } from '@mikro-orm/migrations';";

/** MikroORM's migrations. */
export const mikroOrmFormat: MigrationFormat = {
  name: 'mikro-orm',
  advice: 'Run it: npx mikro-orm migration:up',
  isUsedWith: (packageName) => packageName === '@mikro-orm/migrations',

  async fileFor(plan) {
    const name = `Migration${digitsOf(plan.time)}_${plan.title}`;
    return plan.language === 'typescript'
      ? { name: `${name}.ts`, text: `${IMPORTED}\n\nexport ${classOf(plan, name, 'override ', ': Promise<void>')}` }
      : plan.language === 'es-module'
        ? { name: `${name}.js`, text: `${IMPORTED}\n\nexport ${classOf(plan, name)}` }
        : {
            name: `${name}.js`,
            text: `const { Migration } = require('@mikro-orm/migrations');\n\n${classOf(plan, name)}\nmodule.exports = { ${name} };\n`,
          };
  },
};

function classOf({ up, down }: MigrationPlan, name: string, override = '', type = ''): string {
  return (
    `class ${name} extends Migration {\n` +
    `  ${override}async up()${type} {\n${callsOf('this.addSql', up, '    ')}  }\n\n` +
    `  ${override}async down()${type} {\n${callsOf('this.addSql', down, '    ')}  }\n}\n`
  );
}
