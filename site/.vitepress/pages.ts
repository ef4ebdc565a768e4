import { readText, topFolders } from './repository.js';

/** A group of the sidebar: its name, and the files of its pages in reading order. */
export interface Group {
  readonly text: string;
  readonly files: readonly string[];
}

/** The start page. It is the only page whose text is not in docs or at the top of the repository. */
export const HOME = 'site/index.md';

/** The generated reference of the exports. */
export const API = 'docs/api/README.md';

/** The sidebar. Every page is in one group. */
export const GROUPS: readonly Group[] = [
  { text: 'Start', files: docs('setup', 'options', 'testing', 'moving-in', 'questions') },
  { text: 'Concepts', files: docs('guarantees', 'merging', 'exactly-once', 'statements') },
  { text: 'Guides', files: docs('managing-sessions', 'live', 'security', 'rolling-out') },
  { text: 'Operating', files: docs('production', 'cli', 'observability', 'board', 'scaling', 'settings', 'faults') },
  { text: 'Reference', files: [...docs('errors', 'driver-errors', 'compatibility', 'benchmark', 'stores'), API] },
  {
    text: 'Recipes',
    files: docs(
      'recipes/production',
      'recipes/passport-login',
      'recipes/impersonation',
      'recipes/device-names',
      'recipes/token-refresh',
      'recipes/paying-once',
      'recipes/typed-cart',
      'recipes/flash-messages',
      'recipes/typeorm',
      'recipes/drizzle',
      'recipes/prisma',
      'recipes/separate-database',
      'recipes/orm-contexts',
      'recipes/graphql',
      'recipes/ws',
      'recipes/socket-io',
      'recipes/streams',
      'recipes/migrating',
      'recipes/migrating-from-rails',
    ),
  },
  { text: 'Contributing', files: ['CONTRIBUTING.md', ...docs('architecture'), 'CHANGELOG.md', 'SECURITY.md'] },
];

/** The files of all pages. */
export const FILES: readonly string[] = [HOME, ...GROUPS.flatMap(({ files }) => files)];

/** The files that VitePress must not read as pages: the other folders, and the README, whose sections are on the start page. */
export const EXCLUDED: readonly string[] = [
  'README.md',
  ...topFolders()
    .filter((folder) => folder !== 'docs' && folder !== 'site')
    .map((folder) => `${folder}/**`),
];

const SHORT_TITLES: Readonly<Record<string, string>> = { [API]: 'API' };

/** Returns the path of a page in the site, with the ending `.md`. */
export function pathOf(file: string): string {
  if (file === HOME) return 'index.md';
  if (file === API) return 'api.md';
  return file.startsWith('docs/') ? file.slice('docs/'.length) : `project/${file.toLowerCase()}`;
}

/** Returns the text of a page's link in the sidebar, which is its heading, unless a shorter one is given. */
export function titleOf(file: string): string {
  return SHORT_TITLES[file] ?? /^# (.+)$/m.exec(readText(file))?.[1] ?? file;
}

function docs(...names: string[]): string[] {
  return names.map((name) => `docs/${name}.md`);
}
