import { RaceView } from './race-view.js';
import { whileBusy } from './while-busy.js';

const REQUESTS = 5;

/** Sets up the logout in the midst of requests. */
export function setUpLogout() {
  const button = document.getElementById('logout-button');
  const status = document.getElementById('logout-status');
  const view = new RaceView(document.getElementById('logout-sides'), verdictOf);
  view.rest(REQUESTS, { logsOut: true });
  button.addEventListener('click', () =>
    whileBusy(button, status, 'Five requests are under way, and a logout …', async () => {
      const { lastWrite, smart } = await view.run(
        { scenario: 'logout', requests: REQUESTS, wait: 400, processes: 2, roundTrip: 20 },
        { logsOut: true },
      );
      return `In the end the user is logged ${isLoggedIn(lastWrite) ? 'in again' : 'out'} with the plain store, and logged ${isLoggedIn(smart) ? 'in again' : 'out'} with this library.`;
    }),
  );
}

function verdictOf(side) {
  if (!side.content) return { figure: 'Logged in', text: 'as anna' };
  if (isLoggedIn(side))
    return { figure: '✕ Logged in again', text: 'A request that was under way wrote the whole session back.', isGood: false };
  return { figure: '✓ Logged out', text: 'What the requests had changed went with the session.', isGood: true };
}

function isLoggedIn({ content }) {
  return content.userId !== undefined;
}
