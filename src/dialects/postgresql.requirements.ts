import type { Requirement, Requirements } from './requirement.js';

const SETTINGS: readonly Requirement[] = [
  {
    name: 'server_encoding',
    isMet: (value) => value === 'UTF8',
    harm: 'characters outside it are refused or garbled',
    advice: "Use a database with the encoding 'UTF8'. If the default is another: create database … encoding 'UTF8' template template0.",
  },
  {
    name: 'client_encoding',
    isMet: (value) => value === 'UTF8',
    harm: 'texts are garbled',
    advice: 'Leave it as the driver sets it: do not run `set client_encoding` or `set names`.',
  },
];

/** The settings that each connection must have. */
export const CONNECTION_REQUIREMENTS: Requirements = {
  sql: `select current_database() as current_database, ${SETTINGS.map(({ name }) => `current_setting('${name}') as ${name}`).join(', ')}`,
  each: SETTINGS,
};
