/** The policy and data map that the demo registers; a host keeps such files beside its code. */
export function policyDocument(): string {
  return `
purposes:
  recommendations:
    title: Films you may like
    legalBasis: consent
    notice: { version: 2026-01, text: We use your ratings and tags to recommend films. }
    validity: P2Y
  analytics:
    title: How the service is used
    legalBasis: consent
    notice: { version: 2026-01, text: We count what is watched. }
    honoursOptOutSignal: true
  training:
    title: Training of models
    legalBasis: consent
    notice: { version: 2026-01, text: We train our models on your ratings. }
  service:
    title: The service itself
    legalBasis: contract
retention:
  old-ratings: { match: { store: catalogue, dataset: ratings }, keep: P20Y, source: GDPR Art. 5(1)(e) }
  old-events: { match: { store: lake, dataset: events }, keep: P20Y, source: GDPR Art. 5(1)(e) }
  the-rest: { keep: indefinitely, reason: The person decides. }
erasure:
  everything: { then: purge, source: GDPR Art. 17(1) }
clocks:
  deletion: { within: P1M, extension: P2M, source: GDPR Art. 12(3) }
`;
}

export interface Places {
  readonly databaseUrl: string;
  readonly schema: string;
  readonly lakeFolder: string;
  readonly vectorsFolder: string;
}

export function dataMapDocument(places: Places): string {
  return `stores:\n${catalogue(places)}${lake(places)}${vectors(places)}`;
}

function catalogue(places: Places): string {
  return `  catalogue:
    type: postgres
    settings: { url: ${JSON.stringify(places.databaseUrl)} }
    backupHorizon: P30D
    datasets:
      ratings:
        location: ${places.schema}.ratings
        subjectKey: { field: user_id, form: integer, identifier: account_id }
        collectedAt: { field: rated_at, form: timestamp }
        purposes: { field: purposes }
        fields:
          user_id: { category: user.unique_id, rule: purge }
          movie_id: { category: user.behavior, rule: purge }
          rating: { category: user.behavior, rule: purge }
          rated_at: { category: user.behavior, rule: purge }
          purposes: { category: system.operations, rule: purge }
      tags:
        location: ${places.schema}.tags
        subjectKey: { field: user_id, form: integer, identifier: account_id }
        collectedAt: { field: tagged_at, form: timestamp }
        purposes: [recommendations]
        fields:
          user_id: { category: user.unique_id, rule: purge }
          movie_id: { category: user.behavior, rule: purge }
          tag: { category: user.content, rule: purge }
          tagged_at: { category: user.behavior, rule: purge }
`;
}

function lake(places: Places): string {
  return `  lake:
    type: parquet
    settings: { folder: ${JSON.stringify(places.lakeFolder)} }
    backupHorizon: P30D
    datasets:
      events:
        location: events
        subjectKey: { field: user_id, form: integer, identifier: account_id }
        collectedAt: { field: collected_at, form: epoch_seconds }
        purposes: [analytics]
        fields:
          user_id: { category: user.unique_id, rule: purge }
          movie_id: { category: user.behavior, rule: purge }
          rating: { category: user.behavior, rule: purge }
          collected_at: { category: user.behavior, rule: purge }
`;
}

function vectors(places: Places): string {
  return `  vectors:
    type: lancedb
    settings: { folder: ${JSON.stringify(places.vectorsFolder)} }
    datasets:
      tag-vectors:
        location: tag_vectors
        subjectKey: { field: user_id, form: integer, identifier: account_id }
        collectedAt: { field: tagged_at, form: epoch_seconds }
        purposes: [recommendations]
        derivedFrom: [catalogue/tags]
        fields:
          user_id: { category: user.unique_id, rule: purge }
          movie_id: { category: user.behavior, rule: purge }
          tag: { category: user.content, rule: purge }
          tagged_at: { category: user.behavior, rule: purge }
          vector: { category: user.behavior, rule: purge }
`;
}
