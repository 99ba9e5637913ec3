import { consentActions, type ConsentAction, type ConsentState } from '#decisions';

/** A row of `consent_states`. */
interface StateRow {
  readonly action: string;
  readonly since: Date;
  readonly expires_at: Date | null;
  readonly notice_version: string | null;
  /** bigint comes as text. */
  readonly number: string;
}

export function readState(row: StateRow): ConsentState {
  return {
    action: readAction(row.action),
    since: row.since,
    expiresAt: row.expires_at,
    noticeVersion: row.notice_version,
    number: Number(row.number),
  };
}

export function readAction(text: string): ConsentAction {
  const action = consentActions.find((known) => known === text);
  if (action === undefined) throw new TypeError('unknown consent action in the database');
  return action;
}
