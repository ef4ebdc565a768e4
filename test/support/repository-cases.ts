import { EntityManagerSessionRepository, SqlSessionRepository } from '../../src/index.js';
import { DATABASES } from './databases.js';

const REPOSITORIES = [
  { locking: 'optimistic', repository: SqlSessionRepository },
  { locking: 'pessimistic', repository: EntityManagerSessionRepository },
] as const;

/** Each database with both repositories and both ways of locking. */
export const REPOSITORY_CASES = DATABASES.flatMap((database) =>
  REPOSITORIES.map((variant, n) => ({ database, ...variant, name: variant.repository.name, n })),
);
