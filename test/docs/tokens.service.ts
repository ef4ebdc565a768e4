import { Injectable } from '@nestjs/common';
import type { SessionData } from 'express-session';
import { SessionService } from 'nestjs-smart-session';

/** The tokens of a login at an OpenID provider. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** In ms since 1970. */
  readonly expiresAt: number;
}

declare module 'express-session' {
  interface SessionData {
    tokens?: Tokens;
  }
}

/** Redeems refresh tokens. */
export abstract class IdentityProvider {
  abstract refresh(tokens: Tokens): Promise<Tokens>;
}

@Injectable()
export class TokensService {
  constructor(
    private readonly sessions: SessionService,
    private readonly provider: IdentityProvider,
  ) {}

  /** Returns an access token that is valid for half a minute or more; undefined without a login. */
  accessToken(session: SessionData): Promise<string | undefined> {
    return this.sessions.once(session, 'tokens', {
      isFresh: ({ tokens }) => !tokens || tokens.expiresAt > Date.now() + 30_000,
      work: async (draft) => {
        draft.tokens = await this.provider.refresh(draft.tokens!);
      },
      select: ({ tokens }) => tokens?.accessToken,
    });
  }
}
