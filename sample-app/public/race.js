import { RaceForm } from './race-form.js';
import { RaceView } from './race-view.js';
import { showTimes } from './times-table.js';
import { whileBusy } from './while-busy.js';

/** Sets up the race at the top of the page. */
export function setUpRace(limits) {
  const element = document.getElementById('race-form');
  const status = document.getElementById('race-status');
  const form = new RaceForm(element, limits);
  const view = new RaceView(document.getElementById('race-sides'), verdictOf);
  const times = document.querySelector('#race-times div');
  const rest = (count) => {
    view.rest(count);
    status.textContent = `${count} requests are ready.`;
  };
  rest(form.plan.requests);
  form.onRequests(rest);
  form.onRace((plan) =>
    whileBusy(element.querySelector('button'), status, `${plan.requests} requests are running on each side …`, async () => {
      const sides = await view.run(plan);
      showTimes(times, sides);
      return summaryOf(sides, plan);
    }),
  );
}

function verdictOf(side) {
  const [kept, lost, refused] = ['kept', 'lost', 'refused'].map((fate) => side.total(fate));
  const figure = `${kept} of ${side.count}`;
  if (kept + lost + refused === 0) return { figure, text: 'keys kept' };
  const rest = [
    lost > 0 && `${lost} lost, although the client got a success`,
    refused > 0 && `${refused} refused`,
    side.retries > 0 && `${side.retries} ${side.retries === 1 ? 'write' : 'writes'} retried`,
    side.sharers > 0 && `${side.sharers} requests shared a write`,
  ].filter(Boolean);
  const text = `${side.content ? 'keys kept' : 'keys stand'}${rest.length > 0 ? ` · ${rest.join(' · ')}` : ''}`;
  return { figure, text, isGood: lost === 0 };
}

function summaryOf({ lastWrite, smart }, { requests }) {
  return `The plain store lost ${lastWrite.total('lost')} of ${requests} keys, this library ${smart.total('lost')}.`;
}
