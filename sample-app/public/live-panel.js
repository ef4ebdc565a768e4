import { logInHere, send } from './devices.js';

const ENDS = {
  ended: 'The session has ended.',
  expired: 'The session has expired.',
  unknown: 'It is unknown whether the session is live.',
};

/** Sets up the live panel: a stream of another process, which ends with the session of this browser. */
export function setUpLivePanel() {
  const status = document.getElementById('live-status');
  let source;
  document.getElementById('live-open').addEventListener('click', () =>
    attempt(async () => {
      source?.close();
      await logInHere();
      source = new EventSource('/lab/live');
      source.addEventListener('message', ({ data }) => show(JSON.parse(data)));
      // Otherwise it would connect again.
      source.addEventListener('error', () => close('The connection to the server was lost.'));
    }),
  );
  document.getElementById('live-logout').addEventListener('click', () => attempt(() => send('DELETE', '/session')));

  function show({ type, process, keys, reason }) {
    if (type === 'open') status.textContent = `✓ The panel is open. Process ${process} holds it.`;
    else if (type === 'changed') status.textContent = `✓ The panel is open. Changed in the session: ${keys.join(', ')}.`;
    else close(ENDS[reason]);
  }

  function close(reason) {
    source.close();
    status.textContent = `The panel was closed. ${reason}`;
  }

  async function attempt(work) {
    try {
      await work();
    } catch (error) {
      status.textContent = `That went wrong: ${error.message}`;
    }
  }
}
