/** A small policy; the marker is in it, so that it can be found again. */
export function policyOf(marker: string): string {
  return `
purposes:
  ads: { title: Ads ${marker}, legalBasis: consent, notice: { version: v1, text: Ads. } }
  billing: { title: Billing, legalBasis: contract }
  fraud: { title: Fraud, legalBasis: legitimate_interest }
retention: { old: { keep: P1Y } }
`;
}

/** One store of one dataset, which no worker ever opens. */
export const dataMap = `
stores:
  rows:
    type: postgres
    settings: { url: "postgres://localhost/nowhere" }
    datasets:
      clicks:
        location: host.clicks
        subjectKey: { field: person, form: text, identifier: email }
        collectedAt: { field: at, form: timestamp }
        purposes: [ads]
        fields:
          person: { category: user.contact.email, rule: purge }
          at: { category: user.behavior, rule: purge }
`;
