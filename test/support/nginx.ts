import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { findProgram } from './programs.js';

const HOST = 'shop.example';

/** Why the tests behind nginx cannot run; undefined if they can. */
export const NO_NGINX = ['nginx', 'openssl'].find((name) => !findProgram(name)) && "Debian's nginx-light or openssl is not installed";

/** A response by way of nginx. */
export interface ProxiedResponse {
  readonly status: number;
  readonly location: string | undefined;
  /** The header Set-Cookie. */
  readonly cookie: string | undefined;
  readonly body: string;
}

/** An nginx with a server block of a recipe, and a certificate that it has signed itself. */
export class Nginx {
  readonly #directory = mkdtempSync(join(tmpdir(), 'nginx-'));
  readonly #certificate: Buffer;
  #process!: ChildProcess;

  private constructor(
    readonly httpPort: number,
    readonly httpsPort: number,
  ) {
    this.#certificate = this.#certify();
  }

  /**
   * @param file the configuration, for the ports 80 and 443 and two processes of the app
   * @param appPorts the ports of the two processes
   */
  static async start(file: string, appPorts: readonly [number, number]): Promise<Nginx> {
    const nginx = new Nginx(await freePort(), await freePort());
    await nginx.#start(readFileSync(file, 'utf8'), appPorts);
    return nginx;
  }

  /** Sends a request over TLS. */
  ask(path: string, { headers, ...options }: RequestOptions = {}): Promise<ProxiedResponse> {
    const tls = { host: '127.0.0.1', port: this.httpsPort, servername: HOST, ca: this.#certificate, agent: false };
    return new Promise((resolve, reject) => {
      const sent = request({ ...tls, path, headers: { host: HOST, ...headers }, ...options }, async (response) => {
        let body = '';
        for await (const chunk of response) body += String(chunk);
        const { location, 'set-cookie': cookies } = response.headers;
        resolve({ status: response.statusCode!, location, cookie: cookies?.[0], body });
      });
      sent.once('error', reject).end();
    });
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
    rmSync(this.#directory, { recursive: true });
  }

  #certify(): Buffer {
    const [key, certificate] = [join(this.#directory, 'privkey.pem'), join(this.#directory, 'fullchain.pem')];
    const subject = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    execFileSync(findProgram('openssl')!, ['req', '-x509', '-nodes', ...curve, ...subject, '-keyout', key, '-out', certificate], {
      stdio: 'pipe',
    });
    return readFileSync(certificate);
  }

  async #start(recipe: string, appPorts: readonly [number, number]): Promise<void> {
    const file = join(this.#directory, 'nginx.conf');
    writeFileSync(file, this.#configuration(recipe, appPorts));
    this.#process = spawn(findProgram('nginx')!, ['-p', this.#directory, '-c', file, '-e', 'error.log'], { stdio: 'inherit' });
    while (!(await answers(this.httpsPort))) {
      if (this.#process.exitCode !== null) throw new Error(`nginx ended with ${this.#process.exitCode}.`);
      await sleep(20);
    }
  }

  #configuration(recipe: string, [first, second]: readonly [number, number]): string {
    const site = recipe
      .replace('listen 80;', `listen 127.0.0.1:${this.httpPort};`)
      .replace('listen 443 ssl;', `listen 127.0.0.1:${this.httpsPort} ssl;`)
      .replaceAll('/etc/ssl/shop.example', this.#directory)
      .replace(':3000;', `:${first};`)
      .replace(':3001;', `:${second};`);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join('\n');
    const user = process.getuid?.() === 0 ? 'user root;' : '';
    return `${user} daemon off; pid nginx.pid; events {} http { access_log off;\n${temporary}\n${site}\n}`;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
