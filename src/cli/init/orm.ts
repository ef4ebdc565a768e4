import type { Packages } from './packages.js';

/** The database library of an app. */
export interface Orm {
  readonly name: 'MikroORM' | 'TypeORM' | 'Prisma' | 'Drizzle' | 'Knex';
  /** A package that only an app of this library has. Sessions need other packages of MikroORM in each app. */
  readonly packages: readonly string[];
  /** The format of its migrations. */
  readonly format: string;
}

const ORMS: readonly Orm[] = [
  { name: 'MikroORM', packages: ['@mikro-orm/nestjs'], format: 'mikro-orm' },
  { name: 'TypeORM', packages: ['@nestjs/typeorm', 'typeorm'], format: 'typeorm' },
  { name: 'Prisma', packages: ['@prisma/client'], format: 'prisma' },
  { name: 'Drizzle', packages: ['drizzle-orm'], format: 'drizzle' },
  { name: 'Knex', packages: ['knex', 'nest-knexjs'], format: 'knex' },
];

/** Returns the database libraries of an app. Sessions use the first. */
export function ormsOf({ has }: Packages): readonly Orm[] {
  return ORMS.filter(({ packages }) => packages.some(has));
}
