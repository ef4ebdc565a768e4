/**
 * The sentences and lines of a report without what differs between two runs: numbers, times, hosts, and the names of browsers, keys and
 * cookies.
 */
export function templatesOf(report: string): string[] {
  // The explanation of a history is wrapped, and its lines break where its numbers let them.
  const unwrapped = report.replaceAll(/^ *(\(\d+\) (?:set|ended) .*(?:\n *\S.*)*)/gm, (paragraph) => paragraph.replaceAll(/\s+/g, ' '));
  const texts = unwrapped.split('\n').flatMap((line) => line.split(/(?<=\.) (?=\(\d)|(?<=\.) (?=[A-Z])/));
  return [...new Set(texts.map(mask).filter((text) => text !== '' && !isOptional(text)))];
}

/** A line that only some runs have. */
function isOptional(text: string): boolean {
  return /missing for a while/.test(text);
}

function mask(text: string): string {
  return text
    .replaceAll(/finds [\w, ]+?(?= {2}←|$)/g, 'finds KEYS')
    .replaceAll(/(localhost|127\.0\.0\.1):\d+/g, 'HOST')
    .replaceAll(/\b(tab|late|single|shared|first|own)\d*\b(?!,? at| per)/g, 'KEY')
    .replaceAll(/\d+(\.\d+)?/g, 'N')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
}
