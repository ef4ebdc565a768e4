/** The form for a race. */
export class RaceForm {
  #form;

  constructor(form, limits) {
    this.#form = form;
    for (const [name, { min, max, usual }] of Object.entries(limits)) {
      const input = form.elements[name];
      Object.assign(input, { min, max, value: usual });
      const output = input.closest('label').querySelector('output');
      const show = () => (output.textContent = `${input.value}${input.dataset.unit}`);
      input.addEventListener('input', show);
      show();
    }
  }

  /** The values of the form. */
  get plan() {
    return Object.fromEntries([...new FormData(this.#form)].map(([name, value]) => [name, Number(value)]));
  }

  /** Calls back when the number of requests has changed. */
  onRequests(callback) {
    this.#form.elements.requests.addEventListener('input', () => callback(this.plan.requests));
  }

  /** Calls back when the visitor starts a race. */
  onRace(callback) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      callback(this.plan);
    });
  }
}
