import { connect } from 'node:net';

/** An answer as received from the network. */
export interface RawAnswer {
  readonly status: string;
  /** The header names in lower case and in their order, without headers of the session and of the time. */
  readonly headers: readonly string[];
  readonly body: string;
}

const NOT_COMPARED = ['date', 'set-cookie', 'vary', 'cache-control'];

/** Sends requests on one connection at once, and reads until the server closes it. */
export function pipeline(port: number, requests: readonly string[], cookie = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('error', reject)
      .on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    const last = requests.length - 1;
    socket.write(
      requests
        .map(
          (line, index) =>
            `${line} HTTP/1.1\r\nHost: a\r\nCookie: ${cookie}\r\nConnection: ${index === last ? 'close' : 'keep-alive'}\r\n\r\n`,
        )
        .join(''),
    );
  });
}

/** Parses answers from the received text. A rest that cannot be parsed becomes an answer without headers. */
export function answersIn(wire: string, methods: readonly string[]): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = wire;
  for (const method of methods) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0 || !rest.startsWith('HTTP/1.1 ')) break;
    const [status, ...lines] = rest.slice(0, end).split('\r\n');
    const all = lines.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()));
    const { body, left } = bodyOf(rest.slice(end + 4), status!, all, method);
    answers.push({ status: status!, headers: all.filter((line) => !NOT_COMPARED.some((name) => line.startsWith(`${name}:`))), body });
    rest = left;
  }
  return rest === '' ? answers : [...answers, { status: 'left over', headers: [], body: rest }];
}

function bodyOf(text: string, status: string, headers: readonly string[], method: string): { body: string; left: string } {
  if (method === 'HEAD' || /^HTTP\/1.1 (1..|204|304)/.test(status)) return { body: '', left: text };
  const length = headers.find((line) => line.startsWith('content-length: '))?.slice('content-length: '.length);
  if (length !== undefined) return { body: text.slice(0, Number(length)), left: text.slice(Number(length)) };
  if (!headers.includes('transfer-encoding: chunked')) return { body: text, left: '' };
  let body = '';
  let left = text;
  for (;;) {
    const [, digits] = /^([0-9a-f]+)\r\n/.exec(left) ?? [];
    if (digits === undefined) return { body, left };
    const size = Number.parseInt(digits, 16);
    const from = digits.length + 2;
    body += left.slice(from, from + size);
    left = left.slice(from + size + 2);
    if (size === 0) return { body, left };
  }
}
