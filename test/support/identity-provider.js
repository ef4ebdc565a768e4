// An OpenID provider in a process of its own. It rotates refresh tokens: one that is used twice revokes all tokens of its login.
import { createServer } from 'node:http';

// It advises what a provider in production needs.
console.warn = console.info = () => {};
const { Provider } = await import('oidc-provider');

const SCOPE = 'openid offline_access';
const CLIENT = {
  client_id: 'shop',
  client_secret: 'a secret of the tests alone',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'client_secret_post',
};

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [CLIENT],
  rotateRefreshToken: true,
  features: { devInteractions: { enabled: false } },
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
});
server.on('request', provider.callback());

let counts = { redeemed: 0, refused: 0, revoked: 0 };
provider.on('grant.success', () => counts.redeemed++);
provider.on('grant.error', () => counts.refused++);
provider.on('grant.revoked', () => counts.revoked++);

/** Returns the first refresh token of a new login, without its pages. */
async function login() {
  counts = { redeemed: 0, refused: 0, revoked: 0 };
  const client = await provider.Client.find(CLIENT.client_id);
  const grant = new provider.Grant({ clientId: CLIENT.client_id, accountId: 'anna' });
  grant.addOIDCScope(SCOPE);
  const grantId = await grant.save();
  const token = new provider.RefreshToken({ client, accountId: 'anna', grantId, scope: SCOPE, gty: 'authorization_code', claims: {} });
  return { refreshToken: await token.save(), tokenUrl: `${issuer}/token`, client: CLIENT };
}

process.on('message', async (message) => process.send(message === 'login' ? await login() : counts));
process.on('disconnect', () => process.exit());
