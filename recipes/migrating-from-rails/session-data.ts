import 'express-session';

declare module 'express-session' {
  interface SessionData {
    /** What the Rails app has called it: its sessions come with the keys that it gave them. */
    user_id?: number;
    wishlist?: string[];
  }
}
