import { counter, deep, unionBy, type SmartSessionModuleOptions } from 'nestjs-smart-session';

/** The options of this app's sessions. */
export const sessionOptions = {
  // For a sample only. An app sets the environment variable SESSION_SECRET and leaves this out.
  secret: process.env.SESSION_SECRET ?? 'the sample has no secret to keep',
  userId: 'userId',
  devices: true,
  createTable: true,
  // Live panels close at once after a logout: on PostgreSQL by a notification, elsewhere by the next poll, in ms.
  feed: { notify: true, interval: 250 },
  merge: {
    visits: counter(),
    cart: unionBy('sku', { quantity: counter() }),
    preferences: deep(),
  },
} satisfies SmartSessionModuleOptions;
