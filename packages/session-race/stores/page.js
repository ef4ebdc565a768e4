/**
 * Makes docs/stores.md from the results of a run. All figures of the page are from them.
 *
 * @param {object} results the content of results.json
 * @returns {string} the page in Markdown
 */
export function makePage({ machine, terms, rows, notMeasured }) {
  return [
    ...INTRODUCTION,
    '## Losses',
    '',
    'Each row is one race: browsers with several tabs send their requests at the same time, to two processes of an app. A store in the memory of a process has one.',
    summary(rows),
    '',
    table(['store', 'sessions are in', 'updates', 'lost', 'came back', 'stale', 'foreign'], rows.map(raceCells)),
    '',
    ...EXPLANATION,
    '## Two requests in a fixed order',
    '',
    ...ORDER,
    table(
      ['store', 'two keys', 'the same key', 'a counter, each adds 1', 'a logout in between'],
      rows.filter(({ inOrder }) => inOrder).map(orderCells),
    ),
    '',
    '## If the server of the sessions is gone',
    '',
    ...OUTAGE,
    table(['store', 'gone before the load', 'gone before the save', 'fails open'], rows.filter(({ outage }) => outage).map(outageCells)),
    '',
    ...FAIL_OPEN,
    '## Notes on single stores',
    '',
    ...NOTES,
    '## Versions',
    '',
    table(['store', 'versions', 'server', 'processes', 'measured on'], rows.map(versionCells)),
    '',
    '## Not measured',
    '',
    table(
      ['store', 'why'],
      notMeasured.map(({ name, link, why }) => [`[${name}](${link})`, why]),
    ),
    '',
    ...howItWasMeasured(machine, terms),
  ].join('\n');
}

/**
 * Makes packages/session-race/stores/histories.txt: the report of each row, with its shortest histories, as the command prints it.
 *
 * @param {object} results the content of results.json
 */
export function makeHistories({ rows }) {
  return rows
    .filter(({ crash }) => !crash)
    .map(({ id, history }) => `=== ${id}\n\n${history.join('\n')}\n`)
    .join('\n');
}

const FOLDER = 'https://github.com/nestjs-smart-session/nestjs-smart-session/blob/main/packages/session-race';

const INTRODUCTION = [
  '# Session stores compared',
  '',
  'This page shows what session stores of npm lose when requests of one session run at the same time, and what an app does when the',
  `server of its sessions is gone. The figures are measured with [session-race](${FOLDER}/README.md), which races any app:`,
  '',
  '    npx session-race --url http://localhost:3000',
  '',
  'Read the rows with these facts in mind:',
  '',
  '- **The last write wins by design.** express-session, @fastify/session and koa-session load the whole session and save the whole session.',
  '  A store gets no other call. So a loss is no fault of a store: each store keeps what it was given last.',
  '- **A cookie that holds the session cannot do otherwise.** No server knows what another answer has put into its cookie.',
  '- **The share depends on the load.** The race sends 8 updates of one session at once. An app whose requests rarely overlap loses less. Only',
  '  "nothing lost" and "something lost" can be compared between rows.',
  '- **No loss was found** is no proof that there is none.',
  '',
];

const EXPLANATION = [
  '| column | counts |',
  '| --- | --- |',
  '| updates | keys that a request set, was answered with 200, and that were looked for afterwards |',
  '| lost | of those, the keys that no process shows any more, although no other request has touched them |',
  '| came back | sessions that a request still finds after the answer to the logout, because another request saved its copy. A copy of a cookie that holds the session stays valid by design, and is not counted |',
  '| stale | reads that began after the answer to an update, while no other request ran, and did not find it. A later read did |',
  "| foreign | reads that show data of another browser's session |",
  '',
  `[The report of each row](${FOLDER}/stores/histories.txt) has the shortest history of requests that shows each kind of loss, and`,
  `[the package](${FOLDER}/README.md#how-to-read-a-history) says how to read it.`,
  '',
];

const ORDER = [
  'The slow request loads the session. Then the fast request runs from its load to its answer. Then the slow one saves. Both are answered with 200.',
  '',
  '- **Two keys.** Each request sets a key of its own. `both kept` is right.',
  '- **The same key.** Both set it. One of the two values must win, so that neither outcome is a loss.',
  '- **A counter.** Both read a number, add 1 and store it. `2 of 2` is right. `1 of 2` is the last write of the same key again. It needs a lock,',
  '  or a merge rule such as [`counter()`](merging.md#merge-rules).',
  '- **A logout.** The fast request ends the session.',
  '',
];

const OUTAGE = [
  'A TCP relay closes all connections to the server and refuses new ones, as a stopped server does. The browser waits 15 seconds for an answer.',
  '',
  '- **Before the load.** The server is gone, and a browser that is logged in sends two requests. An error is right. With an empty session, the',
  '  app takes the browser for a new visitor. "The login is lost" means that the browser is logged out also when the server is back.',
  '- **Before the save.** The server goes after the handler has changed the session. An error is right. If the browser gets 200, it takes the change for stored.',
  '',
];

const FAIL_OPEN = [
  '"Fails open" means that the app goes on without the session, or that it confirms a change that is not stored.',
  '',
  'express-session sends the status before the store has answered. The error of a save reaches the app after the browser has its 200. So the',
  'stores of express-session have "200, not stored" in common, and no store can change it. This library holds the response until the session is stored.',
  '',
  'Sessions in a file, in the memory of a process or in a cookie have no server to lose.',
  '',
];

const NOTES = [
  'These were read in the source of the versions below, as reasons of what was measured.',
  '',
  '- **connect-session-knex** on PostgreSQL updates the row, and inserts it if there is none. After a logout, two saves insert it at once, and',
  '  one of them fails. The store gives the error to the callback, and its promise also rejects. Without a listener of `unhandledRejection`, that',
  '  ends the process, as does any other error of the database. So it has a row with such a listener.',
  '- **connect-typeorm** marks the row of a session that was ended, and a save updates only rows without the mark. So no session comes back.',
  '  By default, any error of the database disconnects the store, and express-session then gives requests no session until the app starts',
  '  again. Its README says so, and offers `onError`.',
  '- **@quixo3/prisma-session-store** takes an error of the load for an absent session. By default, it drops a save that begins during another',
  '  save of the same session in this process, and confirms it. Its README says so, and offers two options.',
  '- **connect-memcached**: its driver tries to connect again for each request, with pauses that begin at a second (`retries`, `minTimeout`). So a',
  '  browser gets no answer within 15 seconds.',
  '',
];

function howItWasMeasured({ node, platform, cores, processor }, { seed, rounds, clients, wait, settle }) {
  return [
    '## How it was measured',
    '',
    `- **Machine.** ${processor}, ${cores} cores, ${platform}, Node ${node}. Apps, servers and clients share it, with other work.`,
    `- **Race.** \`--seed ${seed} --rounds ${rounds} --clients ${clients} --settle ${settle}\`, and handlers that take up to ${wait} ms between load and save. Each row has the same.`,
    '- **Set-up.** Each store is used as its README shows, with `resave: false` and `saveUninitialized: false`. None of the READMEs has a setting',
    '  against lost updates. Settings for concurrent saves and for errors have rows of their own. The set-ups are in',
    `  [the folder](${FOLDER.replace('/blob/', '/tree/')}/stores/setups), one file for each store.`,
    '- **Controls.** The last two rows lock: connect-pg-simple with one global lock from each load to its save, and PHP, which locks the file of a',
    '  session while a request uses it. They show that the race finds nothing where nothing can be lost. Their requests of one session wait for each other.',
    '',
    'Run it again, for all stores or for one:',
    '',
    '    npm run race:stores',
    '    npm run race:stores -- --only connect-redis',
    '',
    'It installs the stores apart from the other packages of the repository, needs `redis-server`, `memcached` and `php`, and finds the databases by',
    'the variables of [the tests](https://github.com/nestjs-smart-session/nestjs-smart-session/blob/main/CONTRIBUTING.md#set-up). It writes this page. A test compares the page with the results of the run.',
    '',
    `To add a store, write a file in the folder of the set-ups and add it to its \`index.js\`. [The package's page](${FOLDER}/README.md#add-a-store)`,
    'shows one.',
    '',
  ];
}

/** The result of all rows in two sentences. */
function summary(rows) {
  const judged = rows.filter(({ counts }) => counts);
  const clean = judged.filter(({ counts }) => counts.lost === 0);
  const names = [...new Set(clean.map(({ name }) => name.replace(/,.*|:.*/, '').replace(/^control$/, 'the control')))];
  return `${judged.length - clean.length} of ${judged.length} rows lost updates. The other ${clean.length} are those of ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.`;
}

function table(heads, rows) {
  return [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function raceCells(row) {
  if (row.crash) return [linkOf(row), row.server, 'not judged: a process ended', '', '', '', ''];
  const { acknowledged, lost, ended, resurrected, stale, foreign } = row.counts;
  const share = lost === 0 ? '0' : `**${lost}** (${Math.round((100 * lost) / acknowledged)} %)`;
  return [linkOf(row), row.server, acknowledged, share, `${strong(resurrected)} of ${ended}`, strong(stale), strong(foreign)];
}

function orderCells(row) {
  const { twoKeys, sameKey, counter, logout } = row.inOrder;
  return [titleOf(row), twoKeys, sameKey, counter, logout];
}

function outageCells(row) {
  const { atLoad, atSave } = row.outage;
  return [titleOf(row), atLoad, atSave, failsOpen(row.outage)];
}

/** Whether the app goes on without the session, or confirms what is not stored. */
function failsOpen({ atLoad, atSave }) {
  const parts = [/200 with an empty|200 without/.test(atLoad) && 'at the load', atSave.startsWith('200, not stored') && 'at the save'];
  return parts.filter(Boolean).join(' and ') || 'no';
}

function versionCells(row) {
  const versions = Object.entries(row.versions).map(([name, version]) => `${name} ${version}`);
  return [titleOf(row), versions.join(', '), row.server, row.processes, row.date];
}

function linkOf({ name, row, link, versions }) {
  // The first version is that of the store's own package.
  const [version] = Object.values(versions);
  return `[${name}](${link}) ${version}${row === '' ? '' : `, ${row}`}`;
}

function titleOf({ name, row }) {
  return row === '' ? name : `${name}, ${row}`;
}

function strong(count) {
  return count === 0 ? '0' : `**${count}**`;
}
