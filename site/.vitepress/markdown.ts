import { posix } from 'node:path';
import type { MarkdownOptions, MarkdownRenderer } from 'vitepress';
import { README_SECTIONS, siteLink, sitePicture, slugOf } from './links.js';
import { HOME } from './pages.js';
import { ROOT, readText, repositoryUrl } from './repository.js';

type Rule = Parameters<MarkdownRenderer['core']['ruler']['push']>[1];
type State = Parameters<Rule>[0];
type Token = State['tokens'][number];

/** The comment above a code block that names its file. */
const FILE_COMMENT = /^<!-- (?:from )?([\w./-]+) -->\s*$/;

/** How the pages are rendered. They are written for GitHub, so that its anchors and links must work here, too. */
export const markdown: MarkdownOptions = {
  theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  anchor: { slugify: slugOf },
  attrs: { disable: true },
  emoji: { enabled: [] },
  config: (md) => {
    md.core.ruler.before('normalize', 'readme-sections', showReadme);
    md.core.ruler.push('shell-blocks', nameShellBlocks);
    md.core.ruler.push('file-names', showFileNames);
    md.core.ruler.push('site-links', mapLinks);
  },
};

/** Puts sections of the README below the start page. */
function showReadme(state: State): void {
  if (fileOf(state) !== HOME) return;
  const readme = readText('README.md');
  state.src += README_SECTIONS.map((heading) => sectionOf(readme, heading)).join('\n');
}

function sectionOf(text: string, heading: string): string {
  const start = text.indexOf(`\n## ${heading}\n`);
  if (start === -1) throw new Error(`README.md has no heading "${heading}". Correct README_SECTIONS in site/.vitepress/links.ts.`);
  const end = text.indexOf('\n## ', start + 1);
  return text.slice(start, end === -1 ? undefined : end);
}

/** Lines that are indented by four spaces are commands for a shell. */
function nameShellBlocks({ tokens }: State): void {
  for (const token of tokens.filter(({ type }) => type === 'code_block')) {
    token.type = 'fence';
    token.info = 'sh';
  }
}

/** Shows the file of a code block above it. GitHub hides the comment that names it. */
function showFileNames({ tokens }: State): void {
  for (const [n, token] of tokens.entries()) {
    const [, file] = (token.type === 'html_block' && FILE_COMMENT.exec(token.content)) || [];
    if (!file || tokens[n + 1]?.type !== 'fence') continue;
    const url = repositoryUrl(file);
    const name = url ? `<a href="${url}" target="_blank" rel="noreferrer">${file}</a>` : file;
    token.content = `<p class="file-name">${name}</p>\n`;
  }
}

function mapLinks(state: State): void {
  const file = fileOf(state);
  if (file === '') return;
  const inline = state.tokens.flatMap(({ children }) => children ?? []);
  for (const token of inline.filter(isLink)) {
    token.attrSet('href', siteLink(file, token.attrGet('href') ?? ''));
  }
  for (const token of inline.filter(isPicture)) {
    token.attrSet('src', sitePicture(file, token.attrGet('src') ?? ''));
  }
}

function isLink({ type }: Token): boolean {
  return type === 'link_open';
}

function isPicture({ type }: Token): boolean {
  return type === 'image';
}

/** The source file of a page, and an empty text for a title that is rendered alone. */
function fileOf({ env }: State): string {
  const path: string | undefined = env.realPath ?? env.path;
  return path ? posix.relative(ROOT, path) : '';
}
