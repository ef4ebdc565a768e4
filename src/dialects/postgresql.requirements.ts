import type { Requirement, Requirements } from './requirement.js';

const SETTINGS: readonly Requirement[] = [
  {
    name: 'server_encoding',
    isMet: (value) => value === 'UTF8',
    harm: 'characters outside it are refused or garbled',
    advice:
      "Use a database with the encoding 'UTF8'. If the default is another: create database new_name encoding 'UTF8' template template0.",
  },
  {
    name: 'client_encoding',
    isMet: (value) => value === 'UTF8',
    harm: 'texts are garbled',
    advice: 'Leave it as the driver sets it: do not run `set client_encoding` or `set names`.',
  },
];

/** A connection ends if its server becomes a standby, so that it is enough to check this once. */
const PRIMARY: Requirement = {
  name: 'pg_is_in_recovery',
  isMet: (value) => value === 'false',
  harm: 'it shows sessions as they were and stores none, because it is a standby',
  advice: 'Use the address of the primary, or one that follows the primary after a failover.',
};

/** What each connection must have. */
export const CONNECTION_REQUIREMENTS: Requirements = {
  sql: `select current_database() as current_database, pg_is_in_recovery() as pg_is_in_recovery, ${SETTINGS.map(({ name }) => `current_setting('${name}') as ${name}`).join(', ')}`,
  each: [PRIMARY, ...SETTINGS],
};
