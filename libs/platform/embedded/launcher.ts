import { spawnSync } from 'node:child_process';

/** The user that a server of root's runs as where user namespaces are blocked ("nobody"). */
export const unprivilegedUser = 65_534;

/** How PostgreSQL, which refuses to run as root, is started, and whether it ends by itself when we are killed. */
export interface Launcher {
  readonly prefix: readonly string[];
  /** The user who must own the data folder. */
  readonly owner: number;
  /** False where the kernel cannot tie the server's life to ours; then a watchdog does. */
  readonly diesWithParent: boolean;
}

/** What the machine allows; asked by running each program once. */
export interface Abilities {
  readonly uid: number;
  readonly setpriv: boolean;
  readonly userNamespace: boolean;
}

// The signal on our death is a "fast shutdown" to PostgreSQL. The kernel forgets it at a change of user, so it is asked for last.
const withUs = ['setpriv', '--pdeathsig', 'INT', '--'] as const;

export function probeAbilities(): Abilities {
  const works = (program: string, ...args: readonly string[]) =>
    spawnSync(program, args, { stdio: 'ignore', timeout: 5_000 }).status === 0;
  const uid = process.getuid?.() ?? 1;
  const setpriv = works('setpriv', '--pdeathsig', 'INT', '--', 'true');
  return {
    uid,
    setpriv,
    userNamespace: uid === 0 && setpriv && works('unshare', '--user', '--', ...withUs, 'true'),
  };
}

/** Null when root has no way to run PostgreSQL here. */
export function chooseLauncher(abilities: Abilities): Launcher | null {
  const { uid, setpriv, userNamespace } = abilities;
  if (uid !== 0) return { prefix: setpriv ? withUs : [], owner: uid, diesWithParent: setpriv };
  if (!setpriv) return null;
  // In a user namespace without a map root is nobody in particular, and the files stay root's.
  if (userNamespace)
    return { prefix: ['unshare', '--user', '--', ...withUs], owner: uid, diesWithParent: true };
  const id = unprivilegedUser.toString();
  const changeUser = ['setpriv', '--reuid', id, '--regid', id, '--clear-groups', '--'];
  return { prefix: [...changeUser, ...withUs], owner: unprivilegedUser, diesWithParent: true };
}
