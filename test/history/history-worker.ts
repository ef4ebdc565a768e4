// A process that runs apps: its parent says which, and when they end.
import { startHistoryApp, type AppSettings, type RunningApp } from './history-app.js';

/** What the parent sends: start an app, or end what runs. */
export type WorkerCall = AppSettings | 'close';

/** What it is answered: where the app listens, or that none does any more. */
export type WorkerAnswer = { readonly url?: string; readonly error?: string };

let running: RunningApp | undefined;

process.on('message', (call: WorkerCall) => {
  handle(call).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) } satisfies WorkerAnswer),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({});

async function handle(call: WorkerCall): Promise<WorkerAnswer> {
  if (call !== 'close') {
    running = await startHistoryApp(call);
    return { url: running.url };
  }
  await running?.close();
  running = undefined;
  return {};
}
