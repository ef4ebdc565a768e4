/** Under this many characters a secret can be guessed from one cookie, without asking the server. */
const SHORTEST = 32;

/** A random text of 32 characters, even of hex digits, has less than this once in millions. */
const FEWEST_DISTINCT_CHARACTERS = 8;

/** What documentation and samples put in the place of a secret. */
const EXAMPLES = /keyboard.?cat|change.?(me|this|it)|secret.?(key|here|value)|(your|my|super|top|session|some|very).{0,8}secret|secret.{0,12}to keep|replace.?(me|this)|example|password|insert.{0,12}here|lorem ipsum/i;

/** Why a secret is none; undefined for one that may be. */
export function flawInSecret(secret: string): string | undefined {
  if (secret.length < SHORTEST) return `a secret of ${secret.length} characters`;
  if (EXAMPLES.test(secret)) return 'a secret that reads like an example';
  return new Set(secret).size < FEWEST_DISTINCT_CHARACTERS ? 'a secret of few different characters' : undefined;
}
