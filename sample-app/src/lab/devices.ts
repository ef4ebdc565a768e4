import { Injectable } from '@nestjs/common';
import type { UserSession } from 'nestjs-smart-session';

/** A device of the visitor that the server simulates. */
export interface Device {
  readonly name: string;
  readonly cookie: string;
  /** Identifies its session in `DELETE /sessions/:handle`. */
  readonly handle: string;
}

/** The number of users whose devices are kept. At the limit, the oldest user's are removed. */
const MOST_USERS = 100;

/** The number of devices of each user. */
const MOST_DEVICES = 6;

/** The other devices of the lab's users. Each has its own cookie. */
@Injectable()
export class Devices {
  readonly #ofUsers = new Map<string, Device[]>();

  /** Logs a user in on a device, over HTTP like any client. */
  async add(url: string, userId: string, name: string): Promise<void> {
    const devices = this.#of(userId);
    if (devices.length >= MOST_DEVICES) devices.shift();
    const response = await fetch(`${url}/login`, {
      method: 'POST',
      body: JSON.stringify({ userId }),
      headers: { 'content-type': 'application/json' },
    });
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const sessions = (await (await fetch(`${url}/sessions`, { headers: { cookie } })).json()) as UserSession[];
    devices.push({ name, cookie, handle: sessions.find(({ isCurrent }) => isCurrent)?.handle ?? '' });
  }

  /** Asks each device whether the user is logged in. */
  async look(url: string, userId: string): Promise<readonly (Pick<Device, 'name' | 'handle'> & { readonly isLoggedIn: boolean })[]> {
    return Promise.all(
      this.#of(userId).map(async ({ name, cookie, handle }) => {
        const session = (await (await fetch(`${url}/session`, { headers: { cookie } })).json()) as { userId?: string };
        return { name, handle, isLoggedIn: session.userId === userId };
      }),
    );
  }

  #of(userId: string): Device[] {
    const devices = this.#ofUsers.get(userId) ?? [];
    this.#ofUsers.delete(userId);
    this.#ofUsers.set(userId, devices);
    const [oldest] = this.#ofUsers.keys();
    if (oldest !== undefined && this.#ofUsers.size > MOST_USERS) this.#ofUsers.delete(oldest);
    return devices;
  }
}
