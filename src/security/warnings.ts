import { adviceForCookie } from './cookie-rules.js';
import type { CookieTemplate } from './cookie-template.js';

/** Whether this process serves the public. */
export function isProduction(): boolean {
  return process.env.NODE_ENV === 'production';
}

/** What an operator should know of options that work and are not safe, one line each. */
export function warningsOf({ name, cookie, ...options }: CookieTemplate & { readonly hashIds: boolean }): string[] {
  const advice = isProduction() && typeof cookie !== 'function' ? adviceForCookie({ name, cookie }) : [];
  return [
    ...(advice.length > 0 ? [`The session cookie is not safe. Set in \`cookie\`: ${advice.join('; ')}.`] : []),
    ...(options.hashIds ? [] : ['`hashIds: false`: the table holds session ids as they are, and who reads it can use them. Set it only to take over a table that has such rows.']),
  ];
}
