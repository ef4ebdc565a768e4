import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { descriptionOf } from './descriptions.js';
import { markdown } from './markdown.js';
import { API, EXCLUDED, GROUPS, pathOf, titleOf } from './pages.js';
import { REPOSITORY, ROOT } from './repository.js';

const NAME = 'nestjs-smart-session';
const base = basePath();

const linkOf = (file: string) => `/${pathOf(file).replace(/\.md$/, '')}`;
const groupLink = (text: string) => linkOf(GROUPS.find((group) => group.text === text)!.files[0]!);

export default defineConfig({
  title: NAME,
  titleTemplate: `:title · ${NAME}`,
  lang: 'en',
  base,
  srcDir: ROOT,
  srcExclude: [...EXCLUDED],
  rewrites: pathOf,
  outDir: join(ROOT, 'build/site'),
  cacheDir: join(ROOT, 'build/site-cache'),
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}icon.svg` }]],
  // Recipes link to the reader's own app.
  ignoreDeadLinks: 'localhostLinks',
  markdown,
  transformPageData: ({ filePath, frontmatter }) => ({
    description: descriptionOf(filePath),
    // The API's page is generated from the comments of the code.
    frontmatter: { ...frontmatter, editLink: filePath !== API },
  }),
  vite: { publicDir: join(ROOT, 'site/public') },
  themeConfig: {
    logo: { src: '/icon.svg', alt: '' },
    nav: [
      { text: 'Start', link: groupLink('Start') },
      { text: 'Guides', link: groupLink('Guides') },
      { text: 'Recipes', link: groupLink('Recipes') },
      { text: 'API', link: linkOf(API) },
      { text: 'GitHub', link: REPOSITORY },
    ],
    sidebar: GROUPS.map(({ text, files }) => ({
      text,
      items: files.map((file) => ({ text: titleOf(file), link: linkOf(file) })),
    })),
    outline: { level: [2, 3], label: 'On this page' },
    search: { provider: 'local', options: { miniSearch: { searchOptions: { boostDocument } } } },
    editLink: { pattern: `${REPOSITORY}/edit/main/:path`, text: 'Edit this page' },
    externalLinkIcon: true,
    notFound: {
      title: 'This page does not exist',
      quote: 'The page may have moved. Search for its topic, or start at the first page.',
      linkLabel: 'Go to the start page',
      linkText: 'Go to the start page',
    },
  },
});

/** Shows guides before the API, and pages for contributors last. It runs in the browser, so that it can use no other function. */
function boostDocument(id: string): number {
  if (id.includes('/project/') || id.includes('/architecture.html')) return 0.3;
  return id.includes('/api.html') ? 0.5 : 1;
}

/** The path under which the site is served. `SITE_BASE` replaces the one of the repository's own pages. */
function basePath(): string {
  const path = process.env.SITE_BASE ?? REPOSITORY.split('/').at(-1)!;
  return `/${path}/`.replaceAll(/\/{2,}/g, '/');
}
