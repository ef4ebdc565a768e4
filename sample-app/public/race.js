import { RaceForm } from './race-form.js';
import { RaceView } from './race-view.js';
import { setUpShare } from './share.js';
import { showTimes } from './times-table.js';
import { whileBusy } from './while-busy.js';

/** Sets up the race at the top of the page, and runs it once. */
export function setUpRace(limits, stores) {
  const element = document.getElementById('race-form');
  const status = document.getElementById('race-status');
  const form = new RaceForm(element, limits, stores);
  const view = new RaceView(document.getElementById('race-sides'), form.plan.store, verdictOf);
  const copy = document.getElementById('copy-image');
  const race = (plan, text, begin = Promise.resolve()) =>
    whileBusy(element.querySelector('button'), status, text, async () => {
      await begin;
      const sides = await view.run(plan);
      copy.disabled = false;
      showTimes(document.querySelector('#race-times div'), sides, view.titles);
      return summaryOf(sides, plan);
    });
  foldOnPhone(document.getElementById('race-settings'));
  form.onRequests((count) => (status.textContent = `Press Race to send ${count} requests to each side.`));
  form.onRace((plan) => race(plan, `${plan.requests} requests are running on each side …`));
  setUpShare(form, view);

  const first = form.plan;
  view.rest(first.requests);
  race(first, `The first race is starting: ${first.requests} requests to each side …`, pageIsIdle());
}

/** Loading the page takes CPU time from the racing processes. */
async function pageIsIdle() {
  if (document.readyState !== 'complete') await new Promise((resolve) => addEventListener('load', resolve, { once: true }));
  await new Promise((resolve) => setTimeout(resolve, 300));
}

/** On a phone the result comes before the settings. */
function foldOnPhone(details) {
  if (matchMedia('(max-width: 40rem)').matches) details.open = false;
}

function verdictOf(side) {
  const [kept, lost, refused] = ['kept', 'lost', 'refused'].map((fate) => side.total(fate));
  if (kept + lost + refused === 0) return { figure: `${side.count} keys`, text: 'are about to be sent' };
  const rest = [
    lost > 0 && `${lost} lost, although the client got a success`,
    refused > 0 && `${refused} refused`,
    side.retries > 0 && `${side.retries} ${side.retries === 1 ? 'write' : 'writes'} retried`,
    side.sharers > 0 && `${side.sharers} requests shared a write`,
  ].filter(Boolean);
  const text = `${side.content ? 'keys kept' : 'keys stored so far'}${rest.length > 0 ? ` · ${rest.join(' · ')}` : ''}`;
  return { figure: `${kept} of ${side.count}`, text, isGood: lost === 0 };
}

function summaryOf({ lastWrite, smart }, { requests }) {
  return `The plain store lost ${lastWrite.total('lost')} of ${requests} keys, this library ${smart.total('lost')}.`;
}
