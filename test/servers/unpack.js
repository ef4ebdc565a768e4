import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where the trees are kept for the next run. */
const KEPT = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'nestjs-smart-session/servers');

/** What scripts and programs of servers call. No package depends on these, because every Debian has them. */
const BASE = ['dash', 'coreutils', 'sed', 'grep', 'libc-bin'];

/** The account of the servers, which refuse to run as root. */
export const ACCOUNT = 998;

/**
 * Unpacks packages of a suite of Debian, with everything that they depend on, into a tree that a server can have as its root directory.
 * It has its own lists of packages, so that the packages of the machine do not change. Nothing is configured.
 *
 * @param {string} name the tree's
 * @param {{ suite: string, packages: string[] }} server
 * @returns {Promise<string>} the path of the tree
 * @throws {Error} if the mirror has no such package
 */
export async function unpack(name, { suite, packages }) {
  const kept = join(KEPT, name);
  if (existsSync(kept)) return kept;
  await mkdir(KEPT, { recursive: true });
  const tree = await mkdtemp(join(KEPT, `.${name}-`));
  const downloads = await mkdtemp(join(KEPT, '.apt-'));
  try {
    await layOut(tree);
    for (const file of await download(downloads, suite, [...packages, ...BASE]))
      await run('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" | tar -x -C "$1" --keep-directory-symlink', file, tree]);
    await rename(tree, kept);
    return kept;
  } catch (error) {
    await rm(tree, { recursive: true, force: true });
    // Another one may have unpacked it meanwhile.
    if (existsSync(kept)) return kept;
    throw error;
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
}

/** What Debian's installer makes, and no package contains. */
async function layOut(tree) {
  await chmod(tree, 0o755);
  for (const directory of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'etc', 'dev', 'tmp'])
    await mkdir(join(tree, directory), { recursive: true });
  for (const directory of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${directory}`, join(tree, directory));
  await chmod(join(tree, 'tmp'), 0o1777);
  await run('mknod', ['-m', '666', join(tree, 'dev/null'), 'c', '1', '3']);
  await writeFile(join(tree, 'etc/passwd'), `root:x:0:0::/:/bin/sh\nserver:x:${ACCOUNT}:${ACCOUNT}::/:/bin/sh\n`);
  await writeFile(join(tree, 'etc/group'), `root:x:0:\nserver:x:${ACCOUNT}:\n`);
}

/** Returns the packages' files. */
async function download(directory, suite, packages) {
  const archives = join(directory, 'cache/archives');
  await mkdir(join(archives, 'partial'), { recursive: true });
  await mkdir(join(directory, 'lists/partial'), { recursive: true });
  await writeFile(join(directory, 'status'), '');
  const key = '/usr/share/keyrings/debian-archive-keyring.gpg';
  await writeFile(join(directory, 'sources.list'), `deb [signed-by=${key}] ${await findMirror()} ${suite} main\n`);
  const options = {
    'Dir::State': directory,
    'Dir::State::status': join(directory, 'status'),
    'Dir::Cache': join(directory, 'cache'),
    'Dir::Etc::SourceList': join(directory, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::Preferences': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
  };
  const apt = (...words) =>
    run('apt-get', ['-qq', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]), ...words]);
  await apt('-o', 'APT::Update::Error-Mode=any', 'update');
  await apt('-y', '--download-only', 'install', ...packages);
  return (await readdir(archives)).filter((file) => file.endsWith('.deb')).map((file) => join(archives, file));
}

/** Returns the mirror that this machine installs its own packages from. */
async function findMirror() {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']);
  const mirror = stdout.split('\n').find((uri) => uri !== '' && !/-security\/?$/.test(uri));
  if (mirror === undefined) throw new Error("apt's sources name no mirror of Debian.");
  return mirror;
}
