// Compiled by `npm run check`, never run: what must not compile is marked, and an unused mark is an error.
import type { SessionData } from 'express-session';
import { SmartSessionModule, type SessionService } from '../../src/index.js';

declare module 'express-session' {
  interface SessionData {
    typedCart?: { sku: string }[];
  }
}

export function forRoot() {
  SmartSessionModule.forRoot();
  SmartSessionModule.forRoot('postgresql');
  SmartSessionModule.forRoot('sqlite', { secret: ['new', 'old'], ttl: 1000, cookie: { maxAge: 1000 } });
  SmartSessionModule.forRoot({ dialect: 'mysql', userId: (session) => String(session.user) });
  // @ts-expect-error an unknown dialect
  SmartSessionModule.forRoot('oracle');
  // @ts-expect-error an unknown option
  SmartSessionModule.forRoot('sqlite', { maxage: 1 });
  // @ts-expect-error an option of another type
  SmartSessionModule.forRoot({ ttl: '1 day' });
  // @ts-expect-error a dialect given twice
  SmartSessionModule.forRoot('sqlite', { dialect: 'mysql' });
  // @ts-expect-error no way to make the options
  SmartSessionModule.forRootAsync({});
  // @ts-expect-error a class that makes no options
  SmartSessionModule.forRootAsync({ useClass: Date });
  // @ts-expect-error a class that is no repository
  SmartSessionModule.forRoot({ repository: Date });
}

export function typedSession(data: SessionData, sessions: SessionService): string | undefined {
  // @ts-expect-error a list needs a user
  void sessions.list({});
  // @ts-expect-error no number
  data.typedCart = 1;
  return data.typedCart?.[0]?.sku;
}
