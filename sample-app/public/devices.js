/** Sets up the visitor's devices: this browser, and those that the server plays. */
export function setUpDevices() {
  const status = document.getElementById('devices-status');
  const logout = document.getElementById('devices-logout');
  for (const button of document.querySelectorAll('[data-device]')) {
    button.addEventListener('click', () => attempt(async () => {
      await logInHere();
      await send('POST', '/lab/devices', { name: button.dataset.device });
      return `You are logged in on one more ${button.dataset.device.toLowerCase()}.`;
    }));
  }
  logout.addEventListener('click', () => attempt(async () => {
    const { destroyed } = await (await send('DELETE', '/sessions')).json();
    return `${destroyed} other ${destroyed === 1 ? 'session was' : 'sessions were'} ended. This browser is still logged in.`;
  }));
  attempt(async () => '');

  async function attempt(work) {
    try {
      const text = await work();
      const others = await (await send('GET', '/lab/devices')).json();
      show(others, await userId());
      status.textContent = text;
      logout.disabled = !others.some(({ isLoggedIn }) => isLoggedIn);
    } catch (error) {
      status.textContent = `That went wrong: ${error.message}`;
    }
  }
}

async function logInHere() {
  if ((await userId()) === undefined) await send('POST', '/login', { userId: `guest ${crypto.randomUUID()}` });
}

async function userId() {
  return (await (await send('GET', '/session')).json()).userId;
}

function show(others, user) {
  const all = [{ name: 'This browser', isLoggedIn: user !== undefined }, ...others];
  document.getElementById('devices').replaceChildren(...all.map(({ name, isLoggedIn }) => {
    const item = document.createElement('li');
    const state = Object.assign(document.createElement('span'), { className: isLoggedIn ? 'kept' : 'lost', textContent: isLoggedIn ? '✓ logged in' : '✕ logged out' });
    item.append(name, state);
    return item;
  }));
}

async function send(method, path, body) {
  const response = await fetch(path, { method, ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}) });
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}.`);
  return response;
}
