import { join } from 'node:path';
import { digitsOf, type MigrationFormat } from './migration-format.js';

/** Prisma's migrations. Each has a folder of its own. */
export const prismaFormat: MigrationFormat = {
  name: 'prisma',
  advice: 'Run it: npx prisma migrate deploy',
  isUsedWith: (packageName) => packageName === 'prisma' || packageName === '@prisma/client',

  async fileFor({ up, title, time }) {
    return { name: join(`${digitsOf(time)}_${title}`, 'migration.sql'), text: up.map((statement) => `${statement};\n`).join('') };
  },
};
