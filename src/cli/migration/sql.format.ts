import { digitsOf, type MigrationFormat } from './migration-format.js';

/** A file of SQL, for any tool. */
export const sqlFormat: MigrationFormat = {
  name: 'sql',
  advice: 'Run it with your tool.',
  isUsedWith: () => false,

  async fileFor({ up, title, time }) {
    return { name: `${digitsOf(time)}_${title}.sql`, text: up.map((statement) => `${statement};\n`).join('') };
  },
};
