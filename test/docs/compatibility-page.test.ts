import { FORGOTTEN, MANAGERS } from '../matrix/managers.js';
import { readPage } from '../support/markdown.js';

const { text } = readPage('docs/compatibility.md');

/** The first two cells of each row under a heading. */
function rowsUnder(heading: string): string[][] {
  const section = text.split(`# ${heading}\n`)[1]!.split('\n#')[0]!;
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| |`/g, '')));
}

describe('the page about compatibility', () => {
  it('names each package manager of the matrix, in the same version', () => {
    const rows = rowsUnder('Package managers, runtimes and builders');
    for (const { name, version } of MANAGERS)
      expect(rows).toContainEqual(expect.arrayContaining([expect.stringContaining(name), expect.stringContaining(version)]));
  });

  it('names the packages for which the matrix adds what they import', () => {
    const added = Object.entries(FORGOTTEN).map(([name, { dependencies, peerDependencies }]) => [
      name.replace(/@([^@]+)$/, ' $1'),
      Object.keys({ ...dependencies, ...peerDependencies }),
    ]);
    const told = rowsUnder('Missing dependencies of other packages').map(([name, imported]) => [
      name,
      imported!.replace('the types of ', '').replace(/ \|$/, '').split(', '),
    ]);
    expect(told).toEqual(added);
  });
});
