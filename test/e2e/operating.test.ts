// One test file for all: each would load Nest and MikroORM anew.
import './operating/anonymous-ttl.cases.js';
import './operating/http-adapters.cases.js';
import './operating/lowered-ttl.cases.js';
import './operating/other-sessions.cases.js';
import './operating/outage.cases.js';
import './operating/unseen-characters.cases.js';
import './operating/withheld-cookie.cases.js';
