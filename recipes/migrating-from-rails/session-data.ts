import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** The name in the Rails app. Migrated sessions keep its keys. */
    user_id?: number;
    wishlist?: string[];
  }
}
