/** The databases, by the names of their dialects. */
export type DialectName = 'postgresql' | 'mysql' | 'mariadb' | 'sqlite';
