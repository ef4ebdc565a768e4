import { Injectable } from '@nestjs/common';
import { SessionService } from 'nestjs-smart-session';
import {
  Configuration,
  ResponseBodyError,
  refreshTokenGrant,
  tokenRevocation,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client';
import type { Tokens } from './session-data.js';

/** How long an access token must be valid, in ms. It needs this time to reach the API. */
const MARGIN = 30_000;

type Answer = TokenEndpointResponse & TokenEndpointResponseHelpers;

/** Returns the tokens of an answer of the provider, as the session keeps them. */
export function tokensOf(answer: Answer, subject: string, previous?: string): Tokens {
  // A provider that does not rotate refresh tokens sends them only at login.
  const { access_token: accessToken, refresh_token: refreshToken = previous! } = answer;
  return { subject, accessToken, refreshToken, expiresAt: Date.now() + answer.expiresIn()! * 1000 };
}

@Injectable()
export class TokensService {
  constructor(
    private readonly sessions: SessionService,
    private readonly provider: Configuration,
  ) {}

  /** Returns a valid access token; undefined if the user must log in. Only one request redeems the refresh token, and the others wait. */
  accessToken(session: object): Promise<string | undefined> {
    return this.sessions.once(session, 'tokens', {
      isFresh: ({ tokens }) => !tokens || tokens.expiresAt > Date.now() + MARGIN,
      work: async (draft) => {
        draft.tokens = await this.#refresh(draft.tokens!);
      },
      select: ({ tokens }) => tokens?.accessToken,
    });
  }

  /** Revokes the tokens at the provider. It has the name of the refresh, so that it waits for a refresh in flight. */
  revoke(session: object): Promise<void> {
    return this.sessions.once(session, 'tokens', {
      isFresh: ({ tokens }) => !tokens,
      work: async (draft) => {
        await tokenRevocation(this.provider, draft.tokens!.refreshToken);
        delete draft.tokens;
      },
    });
  }

  /** Returns undefined if the provider has ended the login. */
  async #refresh({ refreshToken, subject }: Tokens): Promise<Tokens | undefined> {
    try {
      return tokensOf(await refreshTokenGrant(this.provider, refreshToken), subject, refreshToken);
    } catch (error) {
      if (error instanceof ResponseBodyError && error.error === 'invalid_grant') return undefined;
      throw error;
    }
  }
}
