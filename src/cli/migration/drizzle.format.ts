import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isPlainObject } from '../../shared/plain-object.js';
import type { DialectName } from '../../shared/dialect-name.js';
import { UsageError } from '../usage-error.js';
import type { MigrationFormat } from './migration-format.js';

/** An entry of drizzle-kit's journal. */
interface Entry {
  readonly idx: number;
  readonly version: string;
  /** In ms since 1970. A migration runs if this is later than that of the last one. */
  readonly when: number;
  readonly tag: string;
  readonly breakpoints: boolean;
}

interface Journal {
  readonly version: string;
  readonly dialect: string;
  readonly entries: readonly Entry[];
}

/** The path of the journal in the folder of the migrations. */
const JOURNAL = join('meta', '_journal.json');

/** The version of drizzle-kit's files for each dialect, and its name of the dialect. */
const NEW_JOURNAL: Readonly<Record<DialectName, Omit<Journal, 'entries'>>> = {
  postgresql: { version: '7', dialect: 'postgresql' },
  mysql: { version: '5', dialect: 'mysql' },
  mariadb: { version: '5', dialect: 'mysql' },
  sqlite: { version: '6', dialect: 'sqlite' },
};

/**
 * Drizzle's migrations. Drizzle runs those of its journal. A migration without a snapshot is one that `drizzle-kit generate` does not
 * compare with, so the tables do not have to be in the app's schema.
 */
export const drizzleFormat: MigrationFormat = {
  name: 'drizzle',
  advice: 'Run it: npx drizzle-kit migrate',
  isUsedWith: (packageName) => packageName === 'drizzle-kit',

  async fileFor({ up, title, dialect }, folder) {
    const { entries } = await journalIn(folder, dialect);
    const number = String(nextIndex(entries)).padStart(4, '0');
    return { name: `${number}_${title}.sql`, text: `${up.map((statement) => `${statement};`).join('\n--> statement-breakpoint\n')}\n` };
  },

  async listingFor({ dialect, time }, folder, { name }) {
    const journal = await journalIn(folder, dialect);
    const { entries, version } = journal;
    const when = Math.max(time.getTime(), (entries.at(-1)?.when ?? 0) + 1);
    const entry: Entry = { idx: nextIndex(entries), version, when, tag: name.replace(/\.sql$/, ''), breakpoints: true };
    return { name: JOURNAL, text: JSON.stringify({ ...journal, entries: [...entries, entry] }, undefined, 2) };
  },
};

function nextIndex(entries: readonly Entry[]): number {
  return (entries.at(-1)?.idx ?? -1) + 1;
}

/** @throws UsageError for a journal of another form, so that it is not damaged */
async function journalIn(folder: string, dialect: DialectName): Promise<Journal> {
  const path = join(folder, JOURNAL);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return { ...NEW_JOURNAL[dialect], entries: [] };
  const journal: unknown = JSON.parse(text);
  if (isPlainObject(journal) && Array.isArray(journal.entries)) return journal as unknown as Journal;
  throw new UsageError(
    `create-table: ${path} is not a journal of drizzle-kit. Name the folder \`out\` of drizzle.config.ts, or give --format sql.`,
  );
}
