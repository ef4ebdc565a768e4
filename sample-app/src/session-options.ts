import { counter, deep, unionBy, type SmartSessionModuleOptions } from 'nestjs-smart-session';

/** How this app keeps its sessions. */
export const sessionOptions = {
  // For a sample only: with an environment variable SESSION_SECRET, leave the secret out.
  secret: process.env.SESSION_SECRET ?? 'the sample has no secret to keep',
  userId: 'userId',
  createTable: true,
  merge: {
    visits: counter(),
    cart: unionBy('sku', { quantity: counter() }),
    preferences: deep(),
  },
} satisfies SmartSessionModuleOptions;
