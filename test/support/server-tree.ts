import { SERVERS } from '../servers/catalog.js';
import { unpack } from '../servers/unpack.js';
import type { DaemonPlace } from './daemon-place.js';
import { findProgram } from './programs.js';

/** The programs after `rsync` are those that the transfer of data to a joining node calls. */
const GALERA = ['mariadb-server', 'galera-4', 'rsync', 'bash', 'procps', 'lsof', 'iproute2', 'mawk', 'findutils', 'hostname'];

/** The trees of cluster members, by name: the suite of Debian, and the packages. */
const TREES = {
  'galera-11.8': { suite: 'trixie', packages: GALERA },
  'mysql-with-clock': { suite: SERVERS.mysql!.suite, packages: [...SERVERS.mysql!.packages, 'faketime'] },
};

/** A mount namespace of its own hides the mounts from the machine, and ends them with the server. */
const MOUNT = 'for name in dev proc; do mkdir -p "$0/$name" && mount --rbind "/$name" "$0/$name" || exit; done; exec "$@"';

/** The reason why no tree can be used on this machine, or undefined. */
export const TREE_OBSTACLE = findObstacle();

/**
 * Unpacks the programs of a server into a tree of its own, so that the machine's packages do not change. The programs see the devices
 * and processes of the machine.
 *
 * @param launcher the first words of its commands
 * @throws Error if the packages cannot be downloaded
 */
export async function serverTree(name: keyof typeof TREES, launcher: readonly string[] = []): Promise<DaemonPlace> {
  const tree = await unpack(name, TREES[name]);
  return { tree, launcher: [...launcher, 'unshare', '--mount', '--propagation', 'private', 'sh', '-c', MOUNT, tree] };
}

function findObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can use a tree';
  return ['apt-get', 'unshare', 'chroot'].every(findProgram) ? undefined : 'this machine is not a Debian';
}
