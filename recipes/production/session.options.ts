import type { SmartSessionModuleOptions } from 'nestjs-smart-session';

/** Routes without a session. Middleware that needs a session must exclude them too. */
export const withoutSession = ['health/live', 'health/ready'];

/** Also read by `npx smart-session --options dist/session.options.js`. */
export default {
  dialect: 'postgresql',
  connection: { clientUrl: process.env.DATABASE_URL, pool: { min: 0, max: 10 } },
  // The first signs. To replace a secret, see docs/rolling-out.md.
  secret: process.env.SESSION_SECRETS?.split(','),
  name: '__Host-sid',
  cookie: { secure: true },
  userId: ({ passport }) => (passport as { user?: string } | undefined)?.user,
  exclude: withoutSession,
  telemetry: true,
} satisfies SmartSessionModuleOptions;
