import { createHash } from 'node:crypto';

/**
 * A package as package-lock.json has it.
 *
 * @typedef {{ version: string, integrity?: string, license?: string, dependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }} LockedPackage
 */

/**
 * Returns the software bill of materials of the package, as CycloneDX: the packages that npm installs with it, at the versions of the
 * tests. The app chooses the peer dependencies, so they are not in it. The same lockfile always gives the same text.
 *
 * @param {{ name: string, version: string, license: string, description: string, dependencies: Record<string, string> }} manifest package.json
 * @param {{ packages: Record<string, LockedPackage> }} lock package-lock.json
 */
export function sbomOf(manifest, { packages }) {
  const graph = new Map();
  const root = purlOf(manifest.name, manifest.version);
  const direct = namesIn(manifest).map((name) => placeOf(packages, '', name));
  for (const place of direct) collect(packages, place, graph);
  const components = [...graph.keys()].map((place) => componentOf(nameAt(place), packages[place])).toSorted(byRef);
  const bill = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { ...componentOf(manifest.name, manifest), description: manifest.description } },
    components,
    dependencies: [
      { ref: root, dependsOn: refsOf(packages, direct) },
      ...[...graph].map(([place, needed]) => ({ ref: refAt(packages, place), dependsOn: refsOf(packages, needed) })).toSorted(byRef),
    ],
  };
  return { ...bill, serialNumber: `urn:uuid:${uuidOf(JSON.stringify(bill))}` };
}

/** Adds a package and all that it needs: for each place in node_modules, the places that it needs. */
function collect(packages, place, graph) {
  if (graph.has(place)) return;
  const needed = namesIn(packages[place]).map((name) => placeOf(packages, place, name));
  graph.set(place, needed);
  for (const other of needed) collect(packages, other, graph);
}

function namesIn({ dependencies = {}, optionalDependencies = {} }) {
  return Object.keys({ ...dependencies, ...optionalDependencies });
}

/** Returns the place where Node finds a package: the nearest node_modules, from the inside out. */
function placeOf(packages, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const place = `${folder}${folder && '/'}node_modules/${name}`;
    if (packages[place]) return place;
    if (!folder) throw new Error(`package-lock.json has no ${name}, which ${from || 'package.json'} needs. Run npm install.`);
  }
}

function componentOf(name, { version, integrity, license }) {
  const purl = purlOf(name, version);
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(license && { licenses: [/\s/.test(license) ? { expression: license } : { license: { id: license } }] }),
    ...(integrity && { hashes: integrity.split(' ').map(hashOf) }),
  };
}

/** Turns `sha512-…` in base64 into CycloneDX's form. */
function hashOf(integrity) {
  const [algorithm, digest] = integrity.split(/-(.*)/);
  return { alg: algorithm.toUpperCase().replace('SHA', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') };
}

/** A package URL writes the `@` of a scope as `%40`. */
function purlOf(name, version) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function nameAt(place) {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function refAt(packages, place) {
  return purlOf(nameAt(place), packages[place].version);
}

function refsOf(packages, places) {
  return places.map((place) => refAt(packages, place)).toSorted();
}

function byRef(one, other) {
  return (one['bom-ref'] ?? one.ref) < (other['bom-ref'] ?? other.ref) ? -1 : 1;
}

/** Returns a UUID (version 8) that depends on the text alone. */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
