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

const actions = new Map<string, ConsentAction>(consentActions.map((action) => [action, action]));

export function readAction(text: string): ConsentAction {
  const action = actions.get(text);
  if (action === undefined) throw new TypeError('unknown consent action in the database');
  return action;
}
