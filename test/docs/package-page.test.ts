import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { promisify } from 'node:util';
import { sbomOf } from '../../packaging/sbom.js';
import { anchors, prose, readPage, readPages } from '../support/markdown.js';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly description: string;
  readonly dependencies: Record<string, string>;
  readonly repository: { readonly url: string };
  readonly homepage: string;
  readonly bugs: { readonly url: string };
  readonly author: string;
  readonly scripts: Record<string, string>;
  readonly files: readonly string[];
}

const read = <Content>(file: string) => JSON.parse(readFileSync(file, 'utf8')) as Content;
const manifest = read<Manifest>('package.json');

/** Where the repository is, for a browser. */
const repository = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
const [, owner] = /^https:\/\/github\.com\/([^/]+)\//.exec(repository)!;

/** The beginning of the URL of a picture, whose bytes a reader's program loads. */
const PICTURE_URL = `${repository.replace('//github.com/', '//raw.githubusercontent.com/')}/main/`;

/** The beginnings of URLs of the repository: a file for a reader, a folder, and a picture. */
const FILE_URLS = [`${repository}/blob/main/`, `${repository}/tree/main/`, PICTURE_URL];

/** The files of the tarball, without those that are built first. */
async function packedFiles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']);
  const [packed] = Object.values(JSON.parse(stdout) as Record<string, { readonly files: readonly { readonly path: string }[] }>);
  return packed!.files.map(({ path }) => path);
}

/** The targets of all links, pictures and definitions of a page. */
function targetsIn(path: string): string[] {
  const text = prose(readPage(path)).replaceAll(/`[^`\n]+`/g, '');
  const found = [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"|^\[[^\]]+\]: (\S+)$/gm)];
  return [...new Set(found.map(([, link, attribute, definition]) => link ?? attribute ?? definition!))];
}

const hasAnchor = (file: string, anchor: string | undefined) => anchor === undefined || anchors(readPage(file)).includes(anchor);

/** The file of the repository that a URL shows; undefined for the URL of something else. */
function fileOf(url: string): string | undefined {
  const start = FILE_URLS.find((beginning) => url.startsWith(beginning));
  return start && url.slice(start.length);
}

describe('the page of the package', () => {
  let packed: string[];
  beforeAll(async () => {
    packed = await packedFiles();
  });

  const targets = targetsIn('README.md');

  it('has links that a reader of the tarball can follow, and so have the other pages of the tarball', () => {
    const pages = packed.filter((file) => file.endsWith('.md'));
    const relative = pages.flatMap((page) =>
      targetsIn(page)
        .filter((target) => !/^([a-z]+:|#)/.test(target))
        .map((target) => ({ page, target, path: posix.join(posix.dirname(page), target) })),
    );
    const broken = relative.filter(({ path }) => {
      const [file, anchor] = path.split('#') as [string, string?];
      return !(packed.includes(file) && hasAnchor(file, anchor));
    });
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/setup.md', 'docs/recipes/typed-cart.md']));
    expect(relative.length).toBeGreaterThan(300);
    expect(broken.map(({ page, target }) => `${page}: ${target}`)).toEqual([]);
  });

  it('has pictures of the repository, because a registry has none', () => {
    const pictures = targets.filter((target) => /\.(png|svg)$/.test(target));
    expect(pictures).toHaveLength(3);
    expect(pictures.filter((picture) => !picture.startsWith(PICTURE_URL))).toEqual([]);
  });

  it('has less than 1,200 words outside of its code', () => {
    const words = prose(readPage('README.md'))
      .replaceAll(/^ {4}.*$/gm, '')
      .split(/\s+/);
    expect(words.length).toBeLessThan(1200);
  });

  it.each(readPages().map(({ path }) => path))('%s has URLs of files that the repository has', (path) => {
    const files = targetsIn(path).flatMap((target) => fileOf(target) ?? []);
    expect(
      files.filter((target) => {
        const [file, anchor] = target.split('#') as [string, string?];
        return !existsSync(file) || !hasAnchor(file, anchor);
      }),
    ).toEqual([]);
  });

  it('is in the repository that package.json names', () => {
    const { homepage, bugs, author } = manifest;
    expect({ homepage, bugs: bugs.url, author }).toEqual({
      homepage: `${repository}#readme`,
      bugs: `${repository}/issues`,
      author: `The contributors of ${manifest.name} (https://github.com/${owner})`,
    });
    const others = [...readPages(), readPage('.github/ISSUE_TEMPLATE/config.yml')].flatMap(({ path, text }) =>
      [...text.matchAll(/https:\/\/(?:raw\.githubusercontent|github)\.com\/([\w-]+)\/nestjs-smart-session\b/g)]
        .filter(([, other]) => other !== owner)
        .map(([url]) => `${path}: ${url}`),
    );
    expect(others).toEqual([]);
  });

  it.runIf(owner === 'nestjs-smart-session')('has an owner that CONTRIBUTING.md calls a placeholder', () => {
    expect(readFileSync('CONTRIBUTING.md', 'utf8')).toContain(
      `The organisation \`${owner}\` in the URL of the repository is a placeholder.`,
    );
  });
});

describe('CHANGELOG.md', () => {
  const text = readFileSync('CHANGELOG.md', 'utf8');
  const versions = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading!);

  it('has the changes that are not released, and then the version of package.json with its date', () => {
    expect(versions[0]).toBe('[Unreleased]');
    expect(versions[1]).toMatch(new RegExp(`^\\[${manifest.version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d{2}-\\d{2}$`));
  });

  it('has the kinds of changes that Keep a Changelog has', () => {
    const kinds = [...text.matchAll(/^### (.+)$/gm)].map(([, kind]) => kind!);
    expect(kinds).not.toEqual([]);
    expect(kinds.filter((kind) => !['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'].includes(kind))).toEqual([]);
  });

  it('links each version to the repository', () => {
    const links = [...text.matchAll(/^(\[.+\]): (.+)$/gm)].map(([, version, url]) => [version!, url!] as const);
    expect(links.map(([version]) => version)).toEqual(versions.map((heading) => heading.split(' - ')[0]!));
    expect(links.filter(([, url]) => !url.startsWith(`${repository}/`))).toEqual([]);
    expect(links[0]![1]).toBe(`${repository}/compare/v${manifest.version}...HEAD`);
  });
});

describe('the software bill of materials', () => {
  const bill = sbomOf(manifest, read('package-lock.json'));

  /** Each package that Node finds for the dependencies of the manifest in a folder, by name and version. */
  function installed(folder: string, found = new Set<string>()): Set<string> {
    for (const name of Object.keys(read<Partial<Manifest>>(`${folder}package.json`).dependencies ?? {})) {
      const nested = `${folder}node_modules/${name}/`;
      const place = existsSync(nested) ? nested : `node_modules/${name}/`;
      const known = `${name}@${read<Manifest>(`${place}package.json`).version}`;
      if (!found.has(known)) installed(place, found.add(known));
    }
    return found;
  }

  it('names each package that is installed for production, at its version', () => {
    const named = bill.components.map(({ name, version }) => `${name}@${version}`);
    expect(named).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies).map((name) => expect.stringContaining(`${name}@`))));
    expect(named.toSorted()).toEqual([...installed('')].toSorted());
  });

  it('is CycloneDX, and has a hash and a license of each package', () => {
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
    expect(bill.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    for (const component of bill.components)
      expect(component).toMatchObject({
        type: 'library',
        purl: component['bom-ref'],
        hashes: [{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }],
        licenses: [expect.anything()],
      });
  });

  it('says which package needs which', () => {
    const refs = [bill.metadata.component, ...bill.components].map((component) => component['bom-ref']);
    expect(bill.dependencies.map(({ ref }) => ref).toSorted()).toEqual(refs.toSorted());
    expect(bill.dependencies[0]!.dependsOn).toHaveLength(Object.keys(manifest.dependencies).length);
    expect(bill.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !refs.includes(ref))).toEqual([]);
  });

  it('is written when the package is packed', () => {
    expect(manifest.files).toContain('sbom.cdx.json');
    expect(manifest.scripts.prepack).toContain('node packaging/write-sbom.js');
  });

  it('refuses a lockfile that lacks a package', () => {
    expect(() => sbomOf({ ...manifest, dependencies: { nowhere: '1' } }, { packages: {} })).toThrow('package-lock.json has no nowhere');
  });
});
