import type { ClientKind } from '../dialects/connection-pool.js';
import type { Dialect } from '../dialects/dialect.js';
import { DIALECTS } from '../dialects/index.js';
import type { SmartSessionOptions } from '../options/smart-session.options.js';
import type { DialectName } from '../shared/dialect-name.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import { ClientConnection } from './client-connection.js';

/** The database that an app's client leads to. */
export interface ClientDatabase {
  readonly dialect: Dialect;
  readonly connection: ClientConnection;
}

/**
 * Finds the dialect of the app's client.
 *
 * @throws SmartSessionConfigError for a client of another kind, or of another database than the option `dialect` says
 */
export function clientDatabase(client: object, given: SmartSessionOptions['dialect']): ClientDatabase {
  const fitting = kindsOf(client);
  const names = fitting.map(({ dialect }) => dialect.name);
  if (given === undefined && fitting.length > 1) throw withoutDialect(names);
  const found = given === undefined ? fitting[0] : fitting.find(({ dialect }) => dialect.name === given);
  if (!found) throw otherDialect(given!, names);
  const flaw = found.kind.flawIn?.(client);
  if (flaw) throw new SmartSessionConfigError('client', ...flaw);
  return { dialect: found.dialect, connection: new ClientConnection(found.kind.open(client), found.dialect) };
}

interface Fitting {
  readonly dialect: Dialect;
  readonly kind: ClientKind;
}

type Kinds = readonly [Fitting, ...Fitting[]];

/**
 * Returns the kind of a client, for each dialect that it fits. MySQL and MariaDB have the same drivers.
 *
 * @throws SmartSessionConfigError for a client of another kind
 */
export function kindsOf(client: object): Kinds {
  const [first, ...others] = Object.values(DIALECTS).flatMap((dialect) => {
    const kind = dialect.clients.find(({ isOne }) => isOne(client));
    return kind ? [{ dialect, kind }] : [];
  });
  if (!first) throw unknownClient(client);
  return [first, ...others];
}

function unknownClient(client: object): SmartSessionConfigError {
  const kinds = new Set(Object.values(DIALECTS).flatMap(({ clients }) => clients.map(({ name }) => name)));
  return new SmartSessionConfigError(
    'client',
    `an object of the class ${client.constructor?.name ?? 'none'} was given`,
    `Give ${[...kinds].join(', ')}.`,
  );
}

function withoutDialect(names: readonly DialectName[]): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'dialect',
    `nothing was given, and the driver of \`client\` is for ${names.join(' and ')}`,
    `Use ${names.map((name) => `'${name}'`).join(' or ')}.`,
  );
}

function otherDialect(given: DialectName, names: readonly DialectName[]): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'dialect',
    `'${given}' was given, but the driver of \`client\` is for ${names.join(' and ')}`,
    `Use ${names.map((name) => `'${name}'`).join(' or ')}, or leave \`dialect\` out.`,
  );
}
