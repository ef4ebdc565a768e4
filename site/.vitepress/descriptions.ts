import { API, HOME } from './pages.js';
import { readText } from './repository.js';

/** Descriptions of pages that do not start with a sentence about themselves. */
const OWN: Readonly<Record<string, string>> = {
  [HOME]: 'Sessions for NestJS, stored in your SQL database. Requests that run at the same time do not lose each other’s changes.',
  [API]: 'Every class, function, decorator and type that nestjs-smart-session exports.',
  'CONTRIBUTING.md': 'How to set up the repository, run its tests, and add a merge rule or a dialect.',
  'CHANGELOG.md': 'The changes of each version of nestjs-smart-session.',
};

/** The longest description that search engines show, in characters. */
const LONGEST = 160;

/** Returns the description of a page: the first sentences of its first paragraph. */
export function descriptionOf(file: string): string {
  return OWN[file] ?? firstSentences(firstParagraph(readText(file)));
}

function firstParagraph(text: string): string {
  const paragraph = text.split(/\n{2,}/).find((block) => /^[\w`[]/.test(block)) ?? '';
  return paragraph
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[`*"]/g, '')
    .replaceAll(/\s+/g, ' ');
}

function firstSentences(text: string): string {
  const sentences = text.match(/.+?[.:](?= |$)/g) ?? [text];
  let description = sentences[0] ?? text;
  for (const sentence of sentences.slice(1)) {
    if (description.length + sentence.length > LONGEST) break;
    description += sentence;
  }
  return description.replace(/:$/, '.');
}
