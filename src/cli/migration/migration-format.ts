import type { DialectName } from '../../shared/dialect-name.js';

/** The language of the app's files. */
export type MigrationLanguage = 'typescript' | 'es-module' | 'commonjs';

/** A migration that creates the tables. */
export interface MigrationPlan {
  readonly dialect: DialectName;
  /** The statements, without a semicolon at the end. */
  readonly up: readonly string[];
  /** The statements that undo them. */
  readonly down: readonly string[];
  /** The name, in lower case with underscores, such as `create_sessions`. */
  readonly title: string;
  readonly time: Date;
  readonly language: MigrationLanguage;
}

/** A file to write. */
export interface MigrationFile {
  /** Its path in the folder of the migrations. */
  readonly name: string;
  readonly text: string;
}

/** The migrations of a tool. */
export interface MigrationFormat {
  /** The name in --format. */
  readonly name: string;
  /** How to run it, for the operator. */
  readonly advice: string;
  /** Whether an app with a package of this name uses the tool. */
  isUsedWith(packageName: string): boolean;
  /**
   * Writes the file as text.
   *
   * @param folder the folder of the migrations
   */
  fileFor(plan: MigrationPlan, folder: string): Promise<MigrationFile>;
  /** Returns the list of the tool, with the file in it. Absent if the tool reads the folder. */
  listingFor?(plan: MigrationPlan, folder: string, file: MigrationFile): Promise<MigrationFile>;
}

/** Returns the time as digits, such as 20261129200439. */
export function digitsOf(time: Date): string {
  return time.toISOString().slice(0, 19).replaceAll(/\D/g, '');
}

/** Returns the title as the name of a class, such as `CreateSessions`. */
export function classNameOf({ title }: MigrationPlan): string {
  return title.replaceAll(/(?:^|_)([a-z\d]?)/g, (_, letter: string) => letter.toUpperCase());
}

/** Returns a text as a literal of JavaScript. */
export function literalOf(text: string): string {
  return /['\\\n\r\u2028\u2029]/.test(text) ? JSON.stringify(text) : `'${text}'`;
}

/** Returns calls with one statement each, as lines of a function's body. */
export function callsOf(call: string, statements: readonly string[], indent: string): string {
  return statements.map((statement) => `${indent}${call}(${literalOf(statement)});\n`).join('');
}
