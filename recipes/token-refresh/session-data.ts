import 'express-session';

/** The tokens of a login at the OpenID provider. */
export interface Tokens {
  /** The user's id at the provider. */
  readonly subject: string;
  readonly accessToken: string;
  /** The provider accepts it once. */
  readonly refreshToken: string;
  /** When the access token expires, in ms since 1970. */
  readonly expiresAt: number;
}

declare module 'express-session' {
  interface SessionData {
    /** A session with tokens is logged in. */
    tokens?: Tokens;
  }
}
