import { posix } from 'node:path';
import { FILES, HOME, pathOf } from './pages.js';
import { PICTURES, REPOSITORY, repositoryUrl } from './repository.js';

/** The sections of the README that the start page shows, by their headings. */
export const README_SECTIONS: readonly string[] = [
  'Requirements',
  'Install',
  'Quick start',
  'When two requests change the same key',
  'What you get',
];

const README = 'README.md';

/** Returns a heading's anchor, as GitHub makes it. */
export function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

/** Returns the target of a link on the site: a page, or the file in the repository. */
export function siteLink(from: string, target: string): string {
  const [path, anchor] = relativeTo(from, target).split('#') as [string, string?];
  if (path === '' || /^[a-z]+:/.test(path)) return target;
  const end = anchor === undefined ? '' : `#${anchor}`;
  const page = pageFor(path, anchor);
  if (page) return `/${pathOf(page)}${end}`;
  const url = repositoryUrl(path);
  if (!url) throw new Error(`${from}: the link ${target} leads to no file. Correct the link.`);
  return url + end;
}

/** Returns the target of a picture, so that the site contains the repository's pictures. A package's page has only their URLs. */
export function sitePicture(from: string, target: string): string {
  return target.startsWith(PICTURES) ? posix.relative(folderOf(from), target.slice(PICTURES.length)) : target;
}

/** Returns a link's target from the top of the repository. */
function relativeTo(from: string, target: string): string {
  const own = `${REPOSITORY}/blob/main/`;
  if (target.startsWith(own)) return target.slice(own.length);
  if (/^(#|[a-z]+:)/.test(target)) return target;
  return posix.join(folderOf(from), target);
}

/** The start page shows sections of the README, so that its links start at the top. */
function folderOf(page: string): string {
  return page === HOME ? '.' : posix.dirname(page);
}

function pageFor(path: string, anchor: string | undefined): string | undefined {
  if (path === README) return anchor === undefined || isShown(anchor) ? HOME : undefined;
  return FILES.find((file) => file === path);
}

function isShown(anchor: string): boolean {
  return README_SECTIONS.some((heading) => slugOf(heading) === anchor);
}
