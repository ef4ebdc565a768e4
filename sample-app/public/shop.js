import { runRace } from './race-stream.js';
import { SIDES } from './race-view.js';
import { whileBusy } from './while-busy.js';

const CLICKS = 24;
const SKUS = ['tea', 'honey', 'bread'];

/** Sets up the clicks that write the same keys. */
export function setUpShop() {
  const button = document.getElementById('shop-button');
  const status = document.getElementById('shop-status');
  button.textContent = `Send ${CLICKS} clicks at once`;
  button.addEventListener('click', () =>
    whileBusy(button, status, `${CLICKS} clicks are sent to each side …`, async () => {
      const contents = {};
      await runRace({ scenario: 'shop', requests: CLICKS, wait: 60, processes: 2, roundTrip: 5 }, (event) => {
        if (event.type === 'result') contents[event.side] = event.content;
      });
      document.getElementById('shop-result').hidden = false;
      show(contents);
      const [plain, merged] = SIDES.map((side) => itemsIn(contents[side]));
      return `${CLICKS} items were put in the cart. The plain store has ${plain} of them, this library ${merged}.`;
    }),
  );
}

function show(contents) {
  const table = document.getElementById('shop-table');
  table.replaceChildren();
  const head = table.createTHead().insertRow();
  for (const heading of ['', 'clicks', 'plain store', 'this library'])
    head.append(Object.assign(document.createElement('th'), { scope: 'col', textContent: heading }));
  const body = table.createTBody();
  addRow(body, 'visits', CLICKS, (content) => content.visits ?? 0, contents);
  for (const sku of SKUS) addRow(body, `cart: ${sku}`, CLICKS / SKUS.length, (content) => quantityOf(content, sku), contents);
}

function addRow(body, name, sent, read, contents) {
  const row = body.insertRow();
  row.append(Object.assign(document.createElement('th'), { scope: 'row', textContent: name }));
  row.insertCell().textContent = String(sent);
  for (const side of SIDES) {
    const cell = row.insertCell();
    const stored = read(contents[side]);
    cell.className = stored === sent ? 'kept' : 'lost';
    cell.textContent = stored === sent ? `✓ ${stored}` : `✕ ${stored}, ${sent - stored} lost`;
  }
}

function quantityOf({ cart = [] }, sku) {
  return cart.find((item) => item.sku === sku)?.quantity ?? 0;
}

function itemsIn({ cart = [] }) {
  return cart.reduce((sum, { quantity }) => sum + quantity, 0);
}
