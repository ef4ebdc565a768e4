import { execFileSync } from 'node:child_process';
import { delimiter } from 'node:path';
import { ACCOUNT } from '../servers/unpack.js';
import { DIRECTORIES, findProgram } from './programs.js';

/** Where a server runs. By default it runs in the namespaces and the root directory of the tests. */
export interface DaemonPlace {
  /** The first words of its command, such as those of a host of a `LabNetwork`. Only root may give them. */
  readonly launcher?: readonly string[];
  /** The root directory of the server: a tree that `unpack` has made. Its programs are found within it. */
  readonly tree?: string;
  /** The directory that the directory of a server without a tree is made in. By default it is that of temporary files. */
  readonly parent?: string;
}

/** The account of a server. Empty if the tests do not run as root, because then it is theirs. */
export interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** Returns the account of `user`, or that of the tree if the server runs in one. */
export function accountOf(user: string, { tree }: DaemonPlace): Account {
  if (tree !== undefined) return { uid: ACCOUNT, gid: ACCOUNT };
  return process.getuid?.() === 0 ? { uid: idOf('-u', user), gid: idOf('-g', user) } : {};
}

/** A command that runs a program of a server in its place, as parameters of `spawn`. */
export function commandIn(
  place: DaemonPlace,
  account: Account,
  program: string,
  parameters: readonly string[],
): [string, string[], Account & { readonly env: NodeJS.ProcessEnv }] {
  const { launcher, tree } = place;
  if (launcher === undefined && tree === undefined) return [findProgram(program)!, [...parameters], { ...account, env: environment() }];
  const [first, ...words] = [...(launcher ?? []), ...changeTo(account, tree), tree ? program : findProgram(program)!, ...parameters];
  return [first!, words, { env: tree ? { PATH: '/usr/sbin:/usr/bin', LC_ALL: 'C.UTF-8' } : environment() }];
}

/** Only root enters other namespaces and root directories. So the command changes the account afterwards. */
function changeTo({ uid, gid }: Account, tree: string | undefined): string[] {
  return tree ? ['chroot', `--userspec=${uid}:${gid}`, tree] : ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: DIRECTORIES.join(delimiter), LC_ALL: 'C.UTF-8' };
}

function idOf(option: string, user: string): number {
  return Number(execFileSync('id', [option, user]));
}
