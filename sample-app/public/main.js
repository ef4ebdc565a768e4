import { setUpDevices } from './devices.js';
import { setUpLogout } from './logout.js';
import { setUpRace } from './race.js';
import { setUpShop } from './shop.js';

const { database, limits, plainStore } = await (await fetch('/lab')).json();
document.getElementById('database').textContent = ` (${database})`;
setUpRace(limits, plainStore);
setUpShop();
setUpLogout(plainStore);
setUpDevices();
