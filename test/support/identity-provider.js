// An OpenID provider in a process of its own. It rotates refresh tokens: one that is used twice revokes all tokens of its login.
// With a grace period, it may be used again for some seconds. Its one user is logged in without a form.
import { createServer } from 'node:http';

// It advises what a provider in production needs.
console.warn = console.info = () => {};
const { Provider } = await import('oidc-provider');
const { default: MemoryAdapter } = await import('oidc-provider/lib/adapters/memory_adapter.js');

/** The address of the app to which a login returns. */
const [redirectUri = 'http://127.0.0.1/callback'] = process.argv.slice(2);
const SCOPE = 'openid offline_access';
const CLIENT = {
  client_id: 'shop',
  client_secret: 'a secret of the tests alone',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [redirectUri],
  token_endpoint_auth_method: 'client_secret_post',
};

/** How long a used refresh token may be used again, in seconds. */
let grace = 0;

/** Keeps tokens in memory. A token within the grace period looks unused, because the provider has no option for such a period. */
class GraceAdapter extends MemoryAdapter {
  async find(id) {
    const found = await super.find(id);
    return found?.consumed + grace > Date.now() / 1000 ? { ...found, consumed: undefined } : found;
  }
}

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  adapter: GraceAdapter,
  clients: [CLIENT],
  rotateRefreshToken: true,
  features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
  interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
});
const answer = provider.callback();
server.on('request', (request, response) => (request.url.startsWith('/interaction/') ? consent : answer)(request, response));

let counts = { redeemed: 0, refused: 0, revoked: 0 };
provider.on('grant.success', () => counts.redeemed++);
provider.on('grant.error', () => counts.refused++);
provider.on('grant.revoked', () => counts.revoked++);

/** Returns the id of a new grant of the user. */
function newGrant() {
  const grant = new provider.Grant({ clientId: CLIENT.client_id, accountId: 'anna' });
  grant.addOIDCScope(SCOPE);
  return grant.save();
}

/** Answers in place of the user, when a login asks for the password and the consent. */
async function consent(request, response) {
  await provider.interactionFinished(request, response, { login: { accountId: 'anna' }, consent: { grantId: await newGrant() } });
}

/** Returns the first refresh token of a new login, without its pages. */
async function login({ graceSeconds }) {
  grace = graceSeconds;
  counts = { redeemed: 0, refused: 0, revoked: 0 };
  const client = await provider.Client.find(CLIENT.client_id);
  const grantId = await newGrant();
  const token = new provider.RefreshToken({ client, accountId: 'anna', grantId, scope: SCOPE, gty: 'authorization_code', claims: {} });
  return { refreshToken: await token.save(), tokenUrl: `${issuer}/token`, client: CLIENT };
}

/** The answers to the test. An object begins a login. */
const answers = { counts: () => counts, address: () => ({ issuer, client: CLIENT }) };

process.on('message', async (message) => process.send(await (answers[message] ?? login)(message)));
process.on('disconnect', () => process.exit());
