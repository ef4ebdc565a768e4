import { callsOf, classNameOf, type MigrationFormat, type MigrationPlan } from './migration-format.js';

/** TypeORM's migrations. It requires that the name of the class ends with the time. */
export const typeormFormat: MigrationFormat = {
  name: 'typeorm',
  advice: 'Run it: npx typeorm migration:run -d <data source>',
  isUsedWith: (packageName) => packageName === 'typeorm',

  async fileFor(plan) {
    const name = `${plan.time.getTime()}-${classNameOf(plan)}`;
    const className = `${classNameOf(plan)}${plan.time.getTime()}`;
    switch (plan.language) {
      case 'typescript':
        return {
          name: `${name}.ts`,
          text:
            "import type { MigrationInterface, QueryRunner } from 'typeorm';\n\n" +
            `export class ${className} implements MigrationInterface {\n${bodyOf(plan, className, 'queryRunner: QueryRunner', ': Promise<void>')}}\n`,
        };
      case 'es-module':
        return { name: `${name}.js`, text: `export class ${className} {\n${bodyOf(plan, className)}}\n` };
      case 'commonjs':
        return { name: `${name}.js`, text: `module.exports = class ${className} {\n${bodyOf(plan, className)}};\n` };
    }
  },
};

function bodyOf({ up, down }: MigrationPlan, className: string, parameter = 'queryRunner', type = ''): string {
  const method = (name: string, statements: readonly string[]) =>
    `\n  async ${name}(${parameter})${type} {\n${callsOf('await queryRunner.query', statements, '    ')}  }\n`;
  return `  name = '${className}';\n${method('up', up)}${method('down', down)}`;
}
