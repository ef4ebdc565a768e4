import { deviceTextIn, type DeviceColumn } from '../../codec/device-text.js';
import { isSealed, keyIdIn } from '../../codec/seal.js';
import { escaped } from '../../shared/shown-keys.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { HANDLE } from '../handle.js';
import { withSessions, type OpenSessions } from '../open-sessions.js';
import { inFigures } from '../plural.js';
import { printJson } from '../print-json.js';
import { keysIn } from '../session-keys.js';
import { findByHandle, type StoredSession } from '../stored-session.js';
import { textTable } from '../text-table.js';

export const show = defineCommand({
  name: 'show',
  summary: 'shows one session: its times, its size, and the names of its keys.',
  details: [
    'It prints no value and no session id. If the session is encrypted, --options must have its key, or else',
    'the names of its keys are not shown. The command searches the keys of the table for the handle.',
  ],
  argument: { value: '<handle>', pattern: HANDLE, help: '`list` shows the handles.' },
  options: { json: JSON_OPTION },
  examples: [
    ['show Zk3xQ0cTq1mVJv4yYb1oXw --options dist/session-options.js', 'Shows the session.'],
    ["show Zk3xQ0cTq1mVJv4yYb1oXw --json | jq '.keys'", 'Prints only the keys and their sizes.'],
  ],
  run: (given, terminal, handle) =>
    withSessions(given, async (sessions) => {
      const found = await findByHandle(sessions.database, handle);
      if (!found) throw new Error(`there is no live session ${handle}.`);
      const details = detailsOf(sessions, handle, found);
      if (given.json) printJson(terminal, details);
      else terminal.print(shown(details));
    }),
});

type Details = ReturnType<typeof detailsOf>;

function detailsOf({ codec }: OpenSessions, handle: string, session: StoredSession) {
  const { storageKey, data, userId, createdAt, updatedAt, expiresAt, maxAge, version, lockedUntil, device } = session;
  const keys = keysIn(codec, storageKey, data);
  const textOf = (column: DeviceColumn, text: string | null = null) => deviceTextIn(codec, storageKey, column, text) ?? unsealed(text);
  return {
    handle,
    userId,
    createdAt,
    updatedAt,
    lastSeenAt: device?.lastSeenAt ?? null,
    expiresAt,
    maxAge,
    commits: version === null ? null : version + 1,
    lockedUntil,
    watchedUntil: device?.watchedUntil ?? null,
    userAgent: textOf('user_agent', device?.userAgent),
    ipAddress: textOf('ip_address', device?.ipAddress),
    deviceLabel: textOf('device_label', device?.deviceLabel),
    cookieAttributes: unsealed(device?.cookieAttributes),
    bytes: Buffer.byteLength(data),
    encryption: {
      isSealed: isSealed(data),
      keyId: keyIdIn(data) ?? null,
      isFirstKey: isSealed(data) ? keyIdIn(data) === codec.sealingKeyId : null,
    },
    ...('keys' in keys ? { keys: keys.keys, unreadable: null } : { keys: null, unreadable: keys.unreadable }),
  };
}

function unsealed(text: string | null = null): string | null {
  return isSealed(text) ? '(sealed)' : text;
}

function shown(details: Details): string {
  const { userId, maxAge, commits, lockedUntil, bytes, keys, unreadable } = details;
  const optional: [string, string | null][] = [
    ['Watched until', details.watchedUntil && time(details.watchedUntil)],
    ['User agent', details.userAgent],
    ['IP address', details.ipAddress],
    ['Device', details.deviceLabel],
    ['Cookie attributes', details.cookieAttributes],
  ];
  const rows: [string, string][] = [
    ['Handle', details.handle],
    ['User', userId === null ? 'none' : escaped(userId)],
    ['Created', time(details.createdAt)],
    ['Last written', time(details.updatedAt)],
    ['Last seen', details.lastSeenAt ? time(details.lastSeenAt) : 'not stored'],
    ['Expires', time(details.expiresAt)],
    ['Max age', maxAge === null ? 'ends with the browser' : `${inFigures(maxAge / 1000)} s`],
    ['Commits', commits === null ? 'not counted' : inFigures(commits)],
    ['Locked', lockedUntil ? `until ${time(lockedUntil)}` : 'no'],
    ...optional.flatMap(([name, text]): [string, string][] => (text === null ? [] : [[name, escaped(text)]])),
    ['Size', `${inFigures(bytes)} bytes`],
    ['Encryption', encryptionOf(details)],
  ];
  const ofKeys = keys?.map(({ name, bytes: size }) => [`Key "${escaped(name)}"`, `${inFigures(size)} bytes`]) ?? [
    ['Keys', `not readable: ${unreadable}`],
  ];
  return textTable([...rows, ...ofKeys]);
}

function encryptionOf({ encryption: { isSealed: isSealedNow, keyId, isFirstKey } }: Details): string {
  if (!isSealedNow) return 'none';
  if (keyId === null) return 'damaged: the sealed data was cut off or changed';
  return `sealed with the key ${keyId}${isFirstKey ? ', the first key' : ''}`;
}

function time(date: Date): string {
  return date.toISOString();
}
