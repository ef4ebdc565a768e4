/** The form for a race. It begins with the settings in the page's address, and keeps them there. */
export class RaceForm {
  #form;

  constructor(form, limits, stores) {
    this.#form = form;
    const linked = new URLSearchParams(location.search);
    const { store, processes } = form.elements;
    store.append(...stores.map(({ name }) => new Option(name)));
    if (stores.some(({ name }) => name === linked.get('store'))) store.value = linked.get('store');
    // Processes cannot share a store in memory.
    const bound = () => (processes.disabled = !stores.find(({ name }) => name === store.value).isShared);
    store.addEventListener('input', bound);
    bound();
    for (const [name, { min, max, usual }] of Object.entries(limits)) {
      const input = form.elements[name];
      Object.assign(input, { min, max, value: numberIn(linked.get(name)) ?? usual });
      const output = form.querySelector(`output[for=${name}]`);
      const show = () => {
        output.textContent = input.disabled ? '1, in memory' : `${input.value}${input.dataset.unit}`;
        input.setAttribute('aria-valuetext', output.textContent);
      };
      input.addEventListener('input', show);
      store.addEventListener('input', show);
      show();
    }
    form.addEventListener('change', () => history.replaceState(null, '', this.link));
  }

  /** The values of the form. */
  get plan() {
    const { store, ...ranges } = Object.fromEntries(new FormData(this.#form));
    const numbers = Object.fromEntries(Object.entries(ranges).map(([name, value]) => [name, Number(value)]));
    return { ...numbers, processes: numbers.processes ?? 1, store };
  }

  /** The page's address with the values of the form. */
  get link() {
    return new URL(`?${new URLSearchParams(this.plan)}`, location.href).href;
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

/** Returns undefined if the text is no number. The input limits the number to its range. */
function numberIn(text) {
  return text === null || text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
}
