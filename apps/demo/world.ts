import type { Api } from './api.js';
import type { Places } from './documents.js';
import type { Signals } from './signals.js';
import type { Catalogue } from './stores/catalogue.js';
import type { HostStore } from './stores/host-store.js';
import type { Lake } from './stores/lake.js';
import type { Vectors } from './stores/vectors.js';

/** The people the demo speaks of, by their account numbers. */
export interface Cast {
  /** Asks to be forgotten, and comes back in a late event. */
  readonly leaver: number;
  /** A hundred others who ask to be forgotten at once (fewer where the data has fewer people). */
  readonly batch: readonly number[];
  /** Withdraws one purpose. */
  readonly withdrawer: number;
  /** Stays. */
  readonly stayer: number;
}

/** What every step works with. */
export interface World {
  readonly api: Api;
  readonly signals: Signals;
  readonly places: Places;
  readonly cast: Cast;
  readonly catalogue: Catalogue;
  readonly lake: Lake;
  readonly vectors: Vectors;
  readonly stores: readonly HostStore[];
  /** Where exports and receipts are written. */
  readonly outFolder: string;
  /** Ids of the deletion requests that were filed. */
  readonly requests: string[];
}

/** The same people for the same signals: those with tags first, in the order of their numbers. */
export function chooseCast(signals: Signals): Cast {
  const all = [...new Set(signals.ratings.map(({ userId }) => userId))].sort((a, b) => a - b);
  const tagged = new Set(signals.tags.map(({ userId }) => userId));
  const ordered = [
    ...all.filter((person) => tagged.has(person)),
    ...all.filter((person) => !tagged.has(person)),
  ];
  const [leaver, withdrawer, stayer, ...others] = ordered;
  if (leaver === undefined || withdrawer === undefined || stayer === undefined)
    throw new TypeError('the signals are of fewer than three people');
  // Every other person, so that people of every kind stay.
  const batch = others.filter((_, place) => place % 2 === 0).slice(0, 100);
  return { leaver, withdrawer, stayer, batch };
}

export function account(person: number): { readonly type: string; readonly value: string } {
  return { type: 'account_id', value: String(person) };
}
