import { describeRequest, type Values } from '../history/history-request.js';
import type { History } from '../history/history.js';
import type { SessionHistory } from '../history/session-history.js';
import { groupBy } from '../shared/group-by.js';

/** Isolation: each value carries its session's owner; none shows under another's id, and no id is given twice. */
export function findPreviousData(history: History): string[] {
  const read = history.reads().filter(([{ seen }, session]) => isForeign(seen, ownerIn(session)));
  const stored = history.sessions.flatMap((session) => {
    const foreign = session.versions.filter(({ values }) => values && isForeign(values, ownerIn(session)));
    return foreign.map(({ values }) => `${ownerIn(session)}'s row held ${JSON.stringify(values)}`);
  });
  return [
    ...read.map(([request, session]) => `${describeRequest(request)} on ${ownerIn(session)}'s session saw ${JSON.stringify(request.seen)}`),
    ...stored,
    ...idsGivenTwice(history),
  ];
}

/** The owner that was given the id. If no client was told of the session, the owner that its first version names. */
function ownerIn({ key, requests, versions }: SessionHistory): string {
  return requests.find(({ newKey }) => newKey === key)?.owner ?? ownerOf(String(versions[0]?.values?.owner));
}

function isForeign(values: Values, owner: string): boolean {
  return Object.values(values).some((value) => typeof value === 'string' && ownerOf(value) !== owner);
}

/** The owner whose session a value was put in. */
export function ownerOf(value: string): string {
  return value.split(':')[0]!;
}

function idsGivenTwice({ requests }: History): string[] {
  const given = groupBy(
    requests.filter(({ newKey }) => newKey !== undefined),
    ({ newKey }) => newKey!,
  );
  return [...given]
    .filter(([, all]) => all.length > 1)
    .map(([key, all]) => `id ${key} was given twice: ${all.map(describeRequest).join(' and ')}`);
}
