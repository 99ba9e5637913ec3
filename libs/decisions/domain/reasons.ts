/** Why a decision came out as it did, each with a sentence for whoever asked. Each code has rows in test/decisions. */
export const reasonSentences = {
  'consent.given': 'The person consented.',
  'basis.declared': 'The purpose rests on a legal basis other than consent, and the person did not object.',
  'consent.missing': 'The person has never been asked, or has not answered.',
  'consent.refused': 'The person refused.',
  'consent.withdrawn': 'The person withdrew their consent.',
  'consent.expired': 'The consent has lapsed and was not renewed.',
  'consent.objected': 'The person objected.',
  'consent.invalidated': 'The consent was found to be invalid.',
  'consent.notice_changed':
    'The notice has changed since the person consented, and they were not asked again.',
  'collection.not_allowed': 'It was not allowed when the signal was collected.',
  'collection.unknown': 'What held when the signal was collected could not be read.',
  'signal.opt_out': 'The request carries an opt-out signal that the purpose honours.',
  'signal.not_consented': 'The consent signals of the request do not cover the purpose.',
  'subject.unknown': 'Nobody of that name is registered.',
  'subject.suppressed': 'The person was erased, or is being erased.',
  'purpose.unknown': 'The policy in force has no such purpose.',
  'jurisdiction.unknown': 'The policy in force has no such jurisdiction.',
  'policy.missing': 'No policy is in force.',
  'revision.stale': 'What is known here is older than the revision asked for.',
  'replica.stale': 'What is known here is older than the bound allows.',
  'dependency.unavailable': 'The state could not be read.',
} as const;

export type Reason = keyof typeof reasonSentences;

export const reasons = Object.keys(reasonSentences).filter(isReason);

function isReason(text: string): text is Reason {
  return Object.hasOwn(reasonSentences, text);
}
