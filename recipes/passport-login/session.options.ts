import type { SmartSessionModuleOptions } from 'nestjs-smart-session';

/** Routes without a session. Middleware that needs a session must exclude them too. */
export const withoutSession = ['health'];

// For PostgreSQL: dialect 'postgresql', and connection: { clientUrl: process.env.DATABASE_URL }.
export const sessionOptions: SmartSessionModuleOptions = {
  dialect: 'sqlite',
  connection: { dbName: process.env.SQLITE_FILE ?? 'sessions.sqlite' },
  createTable: true,
  userId: ({ passport }) => (passport as { user?: string } | undefined)?.user,
};
