import { globSync, readFileSync } from 'node:fs';

/** A fenced block of a page. */
export interface CodeBlock {
  readonly language: string;
  readonly text: string;
  /** The file in the comment above the block. */
  readonly file: string | undefined;
  /** Whether it shows only a part of the file. */
  readonly isPart: boolean;
}

/** A page of the documentation. */
export interface Page {
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
}

/** Returns every hand-written page. docs/api is generated from the code's comments. */
export function readPages(): Page[] {
  return globSync(['*.md', 'docs/**/*.md'], { exclude: ['docs/api/**'] })
    .toSorted()
    .map(readPage);
}

/** Returns one page. */
export function readPage(path: string): Page {
  const text = readFileSync(path, 'utf8');
  return { path, text, blocks: [...text.matchAll(BLOCK)].map(toBlock) };
}

const BLOCK = /(?:^<!-- (?<from>from )?(?<file>[\w./-]+) -->\n\n)?^```(?<language>\w*)\n(?<text>.*?)^```$/gms;

function toBlock({ groups = {} }: RegExpMatchArray): CodeBlock {
  return { language: groups.language!, text: groups.text!, file: groups.file, isPart: groups.from !== undefined };
}

/** Returns the lines of a text without indentation and empty lines. */
export function flat(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .join('\n');
}

/** Returns the text without its fenced blocks. */
export function prose({ text }: Page): string {
  return text.replace(BLOCK, '');
}

/** Returns the lines of blocks that are indented by four spaces: commands for a shell. */
export function shellLines(page: Page): string[] {
  return [...prose(page).matchAll(/(?<=^\n)(?: {4}.*\n)+/gm)].flatMap(([block]) =>
    block
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(4)),
  );
}

/** Returns the anchors of a page's headings, as GitHub makes them. */
export function anchors(page: Page): string[] {
  const seen = new Map<string, number>();
  return [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
    const slug = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
    const n = seen.get(slug) ?? 0;
    seen.set(slug, n + 1);
    return n === 0 ? slug : `${slug}-${n}`;
  });
}

/** Returns the targets of links and pictures that are files of this repository. */
export function relativeLinks(page: Page): string[] {
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g)].map(
    ([, link, attribute]) => link ?? attribute!,
  );
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}
