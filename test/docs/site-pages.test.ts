import { globSync } from 'node:fs';
import { README_SECTIONS, siteLink, sitePicture } from '../../site/.vitepress/links.js';
import { FILES, HOME, pathOf } from '../../site/.vitepress/pages.js';
import { readPage, relativeLinks } from '../support/markdown.js';

describe('the sidebar of the site', () => {
  it('has every page once', () => {
    const written = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...globSync('docs/**/*.md')];
    expect(FILES.toSorted()).toEqual([HOME, ...written].toSorted());
    expect(new Set(FILES.map(pathOf)).size).toBe(FILES.length);
  });
});

describe('the start page of the site', () => {
  it('shows sections that the README has', () => {
    const { text } = readPage('README.md');
    expect(README_SECTIONS.filter((heading) => !text.includes(`\n## ${heading}\n`))).toEqual([]);
  });
});

describe('a link on the site', () => {
  it.each([
    ['docs/setup.md', 'options.md#lifetime', '/options.md#lifetime'],
    ['docs/recipes/ws.md', '../../recipes/ws', expect.stringMatching(/^https:.*\/tree\/main\/recipes\/ws$/)],
    ['docs/benchmark.md', '../bench/results/benchmark.md#losing-rows', expect.stringMatching(/\/blob\/main\/bench\/.*#losing-rows$/)],
    ['docs/setup.md', '../README.md#quick-start', '/index.md#quick-start'],
    ['docs/setup.md', '../README.md#license', expect.stringMatching(/\/blob\/main\/README\.md#license$/)],
    ['docs/setup.md', '../CONTRIBUTING.md#the-site', '/project/contributing.md#the-site'],
    [HOME, 'docs/merging.md', '/merging.md'],
    ['docs/setup.md', '#graphql', '#graphql'],
    ['docs/setup.md', 'https://mikro-orm.io', 'https://mikro-orm.io'],
  ])('of %s to %s leads to %s', (file, target, expected) => {
    expect(siteLink(file, target)).toEqual(expected);
  });

  it('to a file in the repository becomes one to its page', () => {
    const [repository] = siteLink('docs/setup.md', '../recipes').split('/tree/');
    expect(siteLink('docs/setup.md', `${repository}/blob/main/docs/api/README.md`)).toBe('/api.md');
  });

  it('to a picture in the repository becomes one to its file, and others stay', () => {
    const pictures = siteLink('docs/setup.md', '../recipes').replace('//github.com/', '//raw.githubusercontent.com/').split('/tree/')[0];
    expect(sitePicture('docs/benchmark.md', `${pictures}/main/bench/results/throughput-read.svg`)).toBe(
      '../bench/results/throughput-read.svg',
    );
    expect(sitePicture('docs/benchmark.md', 'https://example.com/a.svg')).toBe('https://example.com/a.svg');
  });

  it('that leads to no file is an error that names the page and the link', () => {
    expect(() => siteLink('docs/setup.md', 'nowhere.md')).toThrow('docs/setup.md: the link nowhere.md leads to no file. Correct the link.');
  });

  it.each(FILES.filter((file) => file !== HOME))('of %s leads somewhere', (file) => {
    expect(() => relativeLinks(readPage(file)).map((target) => siteLink(file, target))).not.toThrow();
  });
});
