export const HELP = `session-race: shows what a running app's sessions lose when requests run at the same time

  npx session-race --url http://localhost:3000

  --url <url>        base URL of the app; repeat it for several processes of one app
  --config <file>    which routes do what: JSON, or a module with a default export
  --clients <n>      tabs of each browser that send at the same time (10)
  --rounds <n>       rounds at most (20)
  --seconds <n>      no round begins after so many seconds (10)
  --requests <n>     requests at most (5000)
  --settle <ms>      how long an acknowledged update may take to show (250)
  --seed <n>         sends the same again; the order in time differs
  --json             prints the report as JSON
  --html <file>      writes the report as one page, with a time line of each loss
  --help             prints this

The app needs two routes. These need no config:

  POST /race/{key}?value={value}    sets session[key] to the value
  GET /race                         answers with the session, in any form
  DELETE /race                      logs out (optional)

A config for other routes, race.config.json:

  {
    "set": { "method": "PUT", "path": "/cart/{key}", "body": { "note": "{value}" } },
    "read": { "path": "/cart" },
    "logout": { "method": "POST", "path": "/logout" }
  }

Exit code: 0 nothing lost, 1 something lost, 2 could not judge.
`;
