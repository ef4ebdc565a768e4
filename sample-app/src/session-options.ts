import { counter, deep, unionBy, type SmartSessionModuleOptions } from 'nestjs-smart-session';

/** The options of this app's sessions. */
export const sessionOptions = {
  // For a sample only. An app sets the environment variable SESSION_SECRET and leaves this out.
  secret: process.env.SESSION_SECRET ?? 'the sample has no secret to keep',
  userId: 'userId',
  createTable: true,
  merge: {
    visits: counter(),
    cart: unionBy('sku', { quantity: counter() }),
    preferences: deep(),
  },
} satisfies SmartSessionModuleOptions;
