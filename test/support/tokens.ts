/** The tokens of a login, as a session keeps them. */
export interface Tokens {
  readonly refreshToken: string;
  readonly accessToken?: string;
  /** How often the tokens were refreshed. */
  readonly round: number;
  readonly tokenUrl: string;
  readonly client: Readonly<Record<string, string>>;
}

/** Redeems the refresh token. */
export async function refreshed(tokens: Tokens): Promise<Tokens> {
  const { client_id, client_secret } = tokens.client;
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: tokens.refreshToken,
    client_id: client_id!,
    client_secret: client_secret!,
  });
  const answer = await fetch(tokens.tokenUrl, { method: 'POST', body });
  if (!answer.ok) throw new Error(await answer.text());
  const { refresh_token, access_token } = (await answer.json()) as { refresh_token: string; access_token: string };
  return { ...tokens, refreshToken: refresh_token, accessToken: access_token, round: tokens.round + 1 };
}
