import { globSync, readFileSync } from 'node:fs';

interface Manifest {
  readonly dependencies: object;
  readonly peerDependencies: object;
  readonly peerDependenciesMeta: object;
}

/** The package of a static or dynamic import, also of types. */
const IMPORT = /(?:^(?:import|export|\}).* from |^import |\bimport\()'((?:@[^/']+\/)?[^./'][^/']*)/gm;

describe('the packages that the library imports', () => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
  const declared = new Set(Object.keys({ ...dependencies, ...peerDependencies, ...peerDependenciesMeta }));
  const imported = new Set(
    globSync('src/**/*.ts').flatMap((file) => [...readFileSync(file, 'utf8').matchAll(IMPORT)].map(([, name]) => name!)),
  );

  it('are all in package.json, because pnpm and Yarn give a package no others', () => {
    const unknown = [...imported].filter((name) => !name.startsWith('node:') && !declared.has(name) && !declared.has(`@types/${name}`));
    expect(imported).toContain('@nestjs/common');
    expect(unknown.toSorted()).toEqual([]);
  });

  it('are all that package.json names', () => {
    const unused = [...declared].filter((name) => !imported.has(name.replace('@types/', '')));
    expect(unused).toEqual([]);
  });
});
