import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Configuration, type TokenEndpointResponse, type TokenEndpointResponseHelpers } from 'openid-client';
import { Strategy } from 'openid-client/passport';
import type { Tokens } from './session-data.js';
import { tokensOf } from './tokens.service.js';

/** Sends the browser to the provider, and exchanges the code of its answer for tokens. */
@Injectable()
export class OidcStrategy extends PassportStrategy(Strategy, 'oidc') {
  constructor(config: Configuration) {
    // A provider issues a refresh token only for the scope `offline_access`.
    super({ config, scope: 'openid offline_access', callbackURL: `${process.env.APP_URL ?? 'http://localhost:3000'}/callback` });
  }

  validate(answer: TokenEndpointResponse & TokenEndpointResponseHelpers): Tokens {
    return tokensOf(answer, answer.claims()!.sub);
  }
}
