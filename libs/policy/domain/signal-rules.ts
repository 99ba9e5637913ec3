import { z } from 'zod';

/** What a person opts out of by a section of the IAB's Global Privacy Platform. */
const optOut = z.enum(['sale', 'sharing', 'targeted_advertising', 'profiling', 'sensitive_data']);

/** When a TC string of the IAB's Transparency and Consent Framework allows a purpose. */
const tcfRule = z.strictObject({
  /** Numbers of TCF purposes; every one of them must be allowed. */
  purposes: z.array(z.int().min(1).max(11)).min(1).max(11),
  /** What the purposes, and the vendor, rest on. */
  basis: z.enum(['consent', 'legitimate_interest', 'either']).default('consent'),
  /** Number on the Global Vendor List; then the vendor must be allowed and disclosed as well. */
  vendor: z.int().min(1).max(65_535).optional(),
  /** Numbers of TCF special features; every one of them must be opted in to. */
  specialFeatures: z.array(z.int().min(1).max(12)).min(1).max(12).optional(),
});

const gppRule = z.strictObject({
  /** Any of these opt-outs denies. */
  optOuts: z.array(optOut).min(1).max(optOut.options.length),
});

/** How consent strings that come with a question bear on a purpose. They only ever take away: none of them allows. */
export const purposeSignalsSchema = z.strictObject({ tcf: tcfRule.optional(), gpp: gppRule.optional() });

export type PurposeSignalRules = z.output<typeof purposeSignalsSchema>;
export type OptOut = z.output<typeof optOut>;
