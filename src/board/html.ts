const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

/** Makes HTML of a template. It escapes each value that is not HTML already, and joins lists. */
export function markup(parts: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return new Html(parts.map((part, n) => part + (n < values.length ? textOf(values[n]) : '')).join(''));
}

function textOf(value: unknown): string {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(textOf).join('');
  return value === undefined || value === null ? '' : String(value).replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}
