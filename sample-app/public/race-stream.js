/**
 * Runs a race on the server.
 *
 * @param {Record<string, string | number>} plan the race to run
 * @param {(event: object) => void} onEvent receives the events as they happen
 * @returns {Promise<void>} resolves at the end; rejects if the race failed or the connection was lost
 */
export function runRace(plan, onEvent) {
  const source = new EventSource(`/lab/race?${new URLSearchParams(plan)}`);
  return new Promise((resolve, reject) => {
    source.addEventListener('message', ({ data }) => {
      const event = JSON.parse(data);
      if (event.type === 'failure') reject(new Error(event.message));
      else if (event.type === 'end') resolve();
      else onEvent(event);
    });
    // Otherwise it would connect again and start another race.
    source.addEventListener('error', () => reject(new Error('The connection to the server was lost.')));
  }).finally(() => source.close());
}
