import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Where other versions of Node are kept for the next run. */
const FOLDER = fileURLToPath(new URL('../../../build/bench-nodes', import.meta.url));

/** The installer of `npm run test:matrix`, which names the exact versions. */
const INSTALLER = new URL('../../../test/matrix/install.js', import.meta.url);

interface Installer {
  /** Returns a folder for each version, with `bin/node`. */
  installNodes(folder: string, majors: readonly number[]): Promise<Record<number, string>>;
}

/** The versions of Node that run apps. npm installs those that are missing. */
export class NodeVersions {
  /** The full versions in use, beside that of this process. */
  readonly others: string[] = [];
  readonly #programs = new Map<number, Promise<string>>();

  /** Returns the program of a major version. */
  programOf(major: number): Promise<string> {
    if (process.version.startsWith(`v${major}.`)) return Promise.resolve(process.execPath);
    const program = this.#programs.get(major) ?? this.#install(major);
    this.#programs.set(major, program);
    return program;
  }

  async #install(major: number): Promise<string> {
    const { installNodes } = (await import(INSTALLER.href)) as Installer;
    const folders = await installNodes(join(FOLDER, String(major)), [major]);
    const program = join(folders[major]!, 'bin/node');
    const { stdout } = await promisify(execFile)(program, ['--version']);
    this.others.push(stdout.trim());
    return program;
  }
}
