import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { anchors, readPage, readPages, relativeLinks } from '../support/markdown.js';

const pages = [...readPages(), readPage('docs/api/README.md')].map((page) => [page.path, page] as const);

describe.each(pages)('the links of %s', (path, page) => {
  const links = [...new Set(relativeLinks(page))];

  it('lead to files and headings that there are', () => {
    expect(links.filter((link) => !leadsSomewhere(path, link))).toEqual([]);
  });
});

function leadsSomewhere(path: string, link: string): boolean {
  const [name, anchor] = link.split('#');
  const file = name ? join(dirname(path), name) : path;
  if (!existsSync(file)) return false;
  return anchor === undefined || (file.endsWith('.md') && anchors(readPage(file)).includes(anchor));
}
