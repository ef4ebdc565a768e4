import type { UserSession } from '../services/session.service.js';
import type { Board } from './board-data.js';
import { markup, type Html } from './html.js';
import { tableOf, time } from './page-parts.js';

/** The longest user id, in characters. */
const LONGEST_USER_ID = 255;

/**
 * Shows the sessions of a user, each with a button that ends it.
 *
 * @param ended `yes` or `no` after a session should have been ended
 */
export function devices({ hasUsers, user }: Board, ended: string | undefined): Html {
  if (!hasUsers)
    return markup`<section>
      <h2>A user's devices</h2>
      <p>Give the option <code>userId</code> to list the sessions of a user.</p>
    </section>`;
  const said = ended === 'yes' ? 'The session was ended.' : 'The session had ended already.';
  return markup`<section>
    <h2>A user's devices</h2>
    ${ended === undefined ? '' : markup`<p class="told" role="status">${said}</p>`}
    <form method="get">
      <div>
        <label for="user">User id</label
        ><input id="user" name="user" dir="auto" required autocomplete="off" maxlength="${LONGEST_USER_ID}" value="${user?.id}" />
      </div>
      <button>Show</button>
    </form>
    ${
      user &&
      tableOf(
        ['Device', 'Logged in', 'Last used', 'Ends', 'Handle', 'Action'],
        user.sessions.map((session) => device(user.id, session)),
        'The user has no live session.',
      )
    }
    ${user && user.more > 0 ? markup`<p class="pale">The newest ${user.sessions.length} sessions are listed. The user has ${user.more} more.</p>` : ''}
  </section>`;
}

/** The name is a text of the client. `bdi` keeps it from changing the direction of the text around it. */
function device(userId: string, { handle, createdAt, updatedAt, lastSeenAt, expiresAt, ...session }: UserSession): Html {
  const name = nameOf(session);
  return markup`<tr>
    <td><bdi>${name}</bdi></td>
    <td>${time(createdAt)}</td>
    <td>${time(lastSeenAt ?? updatedAt)}</td>
    <td>${time(expiresAt)}</td>
    <td><code>${handle.slice(0, 8)}…</code></td>
    <td>
      <form method="post">
        <input type="hidden" name="user" value="${userId}" /><input type="hidden" name="handle" value="${handle}" /><button
          aria-label="End the session ${handle.slice(0, 8)}, ${name}"
        >
          End
        </button>
      </form>
    </td>
  </tr>`;
}

function nameOf({ deviceLabel, deviceName, userAgent }: Pick<UserSession, 'deviceLabel' | 'deviceName' | 'userAgent'>): string {
  return deviceLabel ?? deviceName ?? userAgent ?? 'Unknown device';
}
