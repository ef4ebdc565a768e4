/**
 * Runs a race on the server.
 *
 * @param {Record<string, string | number>} plan what to race
 * @param {(event: object) => void} onEvent is told what happens as it happens
 * @returns {Promise<void>} resolves at the end; rejects when the race failed or the server went away
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
    // It would connect again, and race again.
    source.addEventListener('error', () => reject(new Error('The server has gone away.')));
  }).finally(() => source.close());
}
