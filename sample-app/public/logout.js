import { RaceView } from './race-view.js';
import { whileBusy } from './while-busy.js';

const REQUESTS = 5;

/** Sets up the logout while requests are running. */
export function setUpLogout(plainStore) {
  const button = document.getElementById('logout-button');
  const status = document.getElementById('logout-status');
  const view = new RaceView(document.getElementById('logout-sides'), plainStore, verdictOf);
  button.addEventListener('click', () =>
    whileBusy(button, status, 'Five requests and a logout are running …', async () => {
      document.getElementById('logout-result').hidden = false;
      view.rest(REQUESTS, { logsOut: true });
      const { lastWrite, smart } = await view.run(
        { scenario: 'logout', requests: REQUESTS, wait: 400, processes: 2, roundTrip: 20 },
        { logsOut: true },
      );
      return `At the end the user is logged ${isLoggedIn(lastWrite) ? 'in again' : 'out'} with the plain store, and logged ${isLoggedIn(smart) ? 'in again' : 'out'} with this library.`;
    }),
  );
}

function verdictOf(side) {
  if (!side.content) return { figure: 'Logged in', text: 'as anna' };
  if (isLoggedIn(side)) return { figure: '✕ Logged in again', text: 'A running request wrote the whole session back.', isGood: false };
  return { figure: '✓ Logged out', text: 'The changes of the requests were dropped with the session.', isGood: true };
}

function isLoggedIn({ content }) {
  return content.userId !== undefined;
}
