/** Lines of code for a file of the app. */
export interface Snippet {
  /** Tells the user what to do with them, as a heading. */
  readonly title: string;
  readonly lines: readonly string[];
}

/** Formats a snippet for the terminal. */
export function shownSnippet({ title, lines }: Snippet): string {
  return [`${title}:`, '', ...lines.map((line) => (line === '' ? '' : `  ${line}`))].join('\n');
}
