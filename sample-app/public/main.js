import { setUpDevices } from './devices.js';
import { setUpLivePanel } from './live-panel.js';
import { setUpLogout } from './logout.js';
import { setUpRace } from './race.js';
import { setUpShop } from './shop.js';

const NAMES = { sqlite: 'SQLite', postgresql: 'PostgreSQL', mysql: 'MySQL', mariadb: 'MariaDB' };

const { database, limits, stores } = await (await fetch('/lab')).json();
document.getElementById('database').textContent = ` (${NAMES[database]})`;
setUpRace(limits, stores);
setUpShop();
setUpLogout(stores[0].name);
setUpDevices();
setUpLivePanel();
