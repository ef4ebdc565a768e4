/** Sets up the visitor's devices: this browser, and those that the server simulates. */
export function setUpDevices() {
  const status = document.getElementById('devices-status');
  const logout = document.getElementById('devices-logout');
  for (const button of document.querySelectorAll('[data-device]')) {
    button.addEventListener('click', () =>
      attempt(async () => {
        await logInHere();
        await send('POST', '/lab/devices', { name: button.dataset.device });
        return `You are logged in on one more ${button.dataset.device.toLowerCase()}.`;
      }),
    );
  }
  logout.addEventListener('click', () =>
    attempt(async () => {
      const { destroyed } = await (await send('DELETE', '/sessions')).json();
      return `${destroyed} other ${destroyed === 1 ? 'session was' : 'sessions were'} logged out. This browser is still logged in.`;
    }),
  );
  attempt(async () => '');

  async function attempt(work) {
    try {
      const text = await work();
      const others = await (await send('GET', '/lab/devices')).json();
      show(others, await userId(), (device) => attempt(() => logOutOne(device)));
      status.textContent = text;
      logout.disabled = !others.some(({ isLoggedIn }) => isLoggedIn);
    } catch (error) {
      status.textContent = `That went wrong: ${error.message}`;
    }
  }
}

/** Logs this browser in, unless it is. */
export async function logInHere() {
  if ((await userId()) === undefined)
    await send('POST', '/login', { userId: `guest ${crypto.getRandomValues(new Uint32Array(4)).join('-')}` });
}

async function userId() {
  return (await (await send('GET', '/session')).json()).userId;
}

async function logOutOne({ name, handle }) {
  await send('DELETE', `/sessions/${handle}`);
  return `The ${name.toLowerCase()} was logged out. All other devices stay logged in.`;
}

/** @param {(device: object) => void} logOut logs another device out */
function show(others, user, logOut) {
  const here = itemOf({ name: 'This browser', isLoggedIn: user !== undefined, otherwise: 'not logged in' });
  document.getElementById('devices').replaceChildren(here, ...others.map((device) => itemOf(device, device.isLoggedIn && logOut)));
}

function itemOf(device, logOut) {
  const item = document.createElement('li');
  const state = Object.assign(document.createElement('span'), {
    className: device.isLoggedIn ? 'kept' : 'ended',
    textContent: device.isLoggedIn ? '✓ logged in' : (device.otherwise ?? 'logged out'),
  });
  item.append(device.name, state);
  if (logOut) item.append(buttonFor(device, logOut));
  return item;
}

function buttonFor(device, logOut) {
  const button = Object.assign(document.createElement('button'), { type: 'button', className: 'quiet small', textContent: 'Log out' });
  button.setAttribute('aria-label', `Log out the ${device.name.toLowerCase()}`);
  button.addEventListener('click', () => logOut(device));
  return button;
}

/** Sends a request. Throws an error if it fails. */
export async function send(method, path, body) {
  const response = await fetch(path, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}.`);
  return response;
}
