import { globSync, readFileSync } from 'node:fs';
import { posix, relative } from 'node:path';

/** A page of the built site. */
export interface BuiltPage {
  /** Its path in the site, such as `recipes/ws.html`. */
  readonly path: string;
  readonly title: string;
  readonly description: string;
  readonly editLink: string | undefined;
  readonly anchors: ReadonlySet<string>;
  /** The targets of its links. */
  readonly links: readonly string[];
  /** The addresses that a browser requests by itself: scripts, styles, pictures, fonts. */
  readonly requested: readonly string[];
}

/** Reads all pages of a built site. */
export function readBuiltPages(folder: string): readonly BuiltPage[] {
  return globSync(`${folder}/**/*.html`)
    .toSorted()
    .map((file) => readBuiltPage(relative(folder, file), readFileSync(file, 'utf8')));
}

/** Returns the links of the site that lead to no page or no heading, with the page that has them. */
export function brokenLinks(pages: readonly BuiltPage[], base: string): readonly string[] {
  const byPath = new Map(pages.map((page) => [page.path, page]));
  return pages.flatMap(({ path, links }) =>
    links.filter((link) => !isExternal(link) && !leadsSomewhere(byPath, resolve(path, link, base))).map((link) => `${path}: ${link}`),
  );
}

/** Whether an address has a host of its own. */
export function isExternal(link: string): boolean {
  return /^([a-z]+:)?\/\//.test(link);
}

/** Returns the addresses in a style sheet. */
export function addressesOfStyles(text: string): string[] {
  return [...text.matchAll(/url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)/g)].map(([, url, imported]) => url ?? imported!);
}

function readBuiltPage(path: string, html: string): BuiltPage {
  const all = (pattern: RegExp) => [...html.matchAll(pattern)].map(([, found]) => unescaped(found!));
  const links = all(/<a\b[^>]*?\shref="([^"]*)"/g);
  return {
    path,
    title: all(/<title>([^<]*)<\/title>/g)[0] ?? '',
    description: all(/<meta name="description" content="([^"]*)">/g)[0] ?? '',
    editLink: links.find((link) => link.includes('/edit/main/')),
    anchors: new Set(all(/\sid="([^"]*)"/g)),
    links,
    requested: [
      ...all(/<(?:script|img|source|iframe|video|audio|embed)\b[^>]*?\s(?:src|srcset)="([^"]*)"/g),
      ...all(/<link\b[^>]*?\shref="([^"]*)"/g),
      ...addressesOfStyles(all(/<style[^>]*>([^<]*)<\/style>/g).join('\n')),
    ],
  };
}

function unescaped(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function resolve(from: string, link: string, base: string): string {
  const { pathname, hash } = new URL(link, `http://site${posix.join(base, from)}`);
  return decodeURI(pathname.slice(base.length) + hash);
}

function leadsSomewhere(pages: ReadonlyMap<string, BuiltPage>, target: string): boolean {
  const [path, anchor] = target.split('#') as [string, string?];
  const page = pages.get(path === '' ? 'index.html' : path);
  return page !== undefined && (!anchor || page.anchors.has(anchor));
}
