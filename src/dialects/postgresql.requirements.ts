import type { Requirement, Requirements } from './requirement.js';

const SETTINGS: readonly Requirement[] = [
  {
    name: 'server_encoding',
    isMet: (value) => value === 'UTF8',
    harm: 'characters that it does not have are refused or garbled',
    advice:
      "Use a database that was made with encoding 'UTF8'; if the default is another, by create database … encoding 'UTF8' template template0.",
  },
  {
    name: 'client_encoding',
    isMet: (value) => value === 'UTF8',
    harm: 'texts are garbled',
    advice: 'Leave it as the driver sets it: run no `set client_encoding` and no `set names`.',
  },
];

/** The settings that each connection must have. */
export const CONNECTION_REQUIREMENTS: Requirements = {
  sql: `select current_database() as current_database, ${SETTINGS.map(({ name }) => `current_setting('${name}') as ${name}`).join(', ')}`,
  each: SETTINGS,
};
