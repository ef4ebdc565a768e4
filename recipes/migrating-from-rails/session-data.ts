import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** The name is that of the Rails app: its sessions keep their keys. */
    user_id?: number;
    wishlist?: string[];
  }
}
