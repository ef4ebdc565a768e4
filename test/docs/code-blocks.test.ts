import { globSync, readFileSync } from 'node:fs';
import { flat, readPages, type CodeBlock } from '../support/markdown.js';

/** Files that `npm run check` compiles, and that tests run. */
const TESTED = /^(src|test|recipes|sample-app\/src)\/.*\.(ts|js|yml|conf)$/;

/** The languages of such files. */
const CODE = ['ts', 'js', 'yaml', 'nginx'];

const pages = readPages();
const blocksIn = (language: string) =>
  pages.flatMap(({ path, blocks }) =>
    blocks.filter((block) => block.language === language).map((block) => [path, block.file ?? 'no file', block] as const),
  );

describe('the code of the pages', () => {
  it.each(pages.map(({ path, text, blocks }) => [path, text, blocks] as const))(
    '%s has blocks that end, and say what they are',
    (_path, text, blocks) => {
      expect(text.match(/^ *```/gm) ?? []).toHaveLength(2 * blocks.length);
      expect(blocks.filter(({ language }) => ![...CODE, 'json', 'mermaid', 'sql', 'text'].includes(language))).toEqual([]);
    },
  );

  it.each(CODE.flatMap(blocksIn))('%s shows %s as it is tested', (_path, file, block) => {
    if (!TESTED.test(file))
      throw new Error(
        `Put a comment that names a tested file above, such as <!-- from test/docs/merging.ts -->, and an empty line between:\n${block.text}`,
      );
    expectShown(block, readFileSync(file, 'utf8'));
  });

  it.each(blocksIn('json'))('%s has JSON that can be read', (_path, _file, { text }) => {
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  it('shows every file of every recipe, whole', () => {
    const files = globSync('recipes/*/**/*.{ts,js,yml,conf}').filter((file) => !/\.cases\.ts$|\/(node_modules|generated)\//.test(file));
    const shown = CODE.flatMap(blocksIn).filter(([path, , { isPart }]) => path.startsWith('docs/recipes/') && !isPart);
    expect(shown.map(([, file]) => file).toSorted()).toEqual(files.toSorted());
  });
});

describe('the examples', () => {
  it.each(globSync('test/docs/*.ts').filter((file) => !file.endsWith('.test.ts')))('%s is run by a test', (file) => {
    const name = `./${file.slice('test/docs/'.length, -'.ts'.length)}.js`;
    const others = globSync('test/docs/*.ts').filter((other) => other !== file);
    expect(others.filter((other) => readFileSync(other, 'utf8').includes(`'${name}'`))).not.toEqual([]);
  });
});

function expectShown({ text, isPart }: CodeBlock, source: string): void {
  if (isPart) expect(flat(source)).toContain(flat(text));
  else expect(text).toBe(source);
}
