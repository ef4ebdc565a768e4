import type { Provider } from '@nestjs/common';
import { Configuration, allowInsecureRequests, discovery } from 'openid-client';

const { OIDC_ISSUER = 'http://localhost:4000', OIDC_CLIENT_ID = 'shop', OIDC_CLIENT_SECRET = '' } = process.env;

/** Reads the provider's addresses at start. */
export const oidcProvider: Provider = {
  provide: Configuration,
  useFactory: () => {
    const issuer = new URL(OIDC_ISSUER);
    // Only a provider on the developer's machine has no TLS.
    const execute = issuer.protocol === 'http:' ? [allowInsecureRequests] : [];
    return discovery(issuer, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, undefined, { execute });
  },
};
