import { describe, expect, it } from 'vitest';
import { chooseLauncher, unprivilegedUser } from './launcher.js';

describe('running PostgreSQL', () => {
  it('runs as the user who asks, when that is not root', () => {
    const launcher = chooseLauncher({ uid: 1000, setpriv: true, userNamespace: false });
    expect(launcher?.prefix).toEqual(['setpriv', '--pdeathsig', 'INT', '--']);
    expect(launcher?.owner).toBe(1000);
  });

  it('runs bare, under a watchdog, where there is no setpriv', () => {
    expect(chooseLauncher({ uid: 1000, setpriv: false, userNamespace: false })).toEqual({
      prefix: [],
      owner: 1000,
      diesWithParent: false,
    });
  });

  it('never runs as root', () => {
    expect(chooseLauncher({ uid: 0, setpriv: true, userNamespace: true })?.prefix[0]).toBe('unshare');
    expect(chooseLauncher({ uid: 0, setpriv: true, userNamespace: false })?.owner).toBe(unprivilegedUser);
    expect(chooseLauncher({ uid: 0, setpriv: false, userNamespace: false })).toBeNull();
  });

  it('asks for the signal on our death after the change of user, which would forget it', () => {
    const prefix = chooseLauncher({ uid: 0, setpriv: true, userNamespace: false })?.prefix ?? [];
    expect(prefix.indexOf('--pdeathsig')).toBeGreaterThan(prefix.indexOf('--reuid'));
    expect(prefix.indexOf('--reuid')).toBeGreaterThanOrEqual(0);
  });
});
