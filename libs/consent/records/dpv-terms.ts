import type { LegalBasis } from '#decisions';
import type { Json, JsonObject } from '#kernel';
import type { RecordedCategory } from './consent-record.js';
import type { Controller } from '#policy';
import { text } from './fields.js';

/** A reference to a term or a thing by its IRI. */
export function reference(iri: string): JsonObject {
  return { '@id': iri };
}

/** A term of the Data Privacy Vocabulary itself or of its personal data extension, as a reference. */
export function term(value: string): JsonObject | undefined {
  return /^(?:dpv|pd):[A-Za-z][A-Za-z0-9-]*$/.test(value) ? reference(value) : undefined;
}

/** https://w3id.org/dpv#LegalBasis, after GDPR Art. 6(1). */
export const legalBasisTerms: Readonly<Record<LegalBasis, string>> = {
  consent: 'dpv:Consent',
  contract: 'dpv:Contract',
  legal_obligation: 'dpv:LegalObligation',
  vital_interest: 'dpv:VitalInterest',
  public_task: 'dpv:PublicInterest',
  legitimate_interest: 'dpv:LegitimateInterest',
};

/** https://w3id.org/dpv#Entity and below. */
export const entityTerms: Readonly<Record<Controller['type'], string>> = {
  for_profit: 'dpv:ForProfitOrganisation',
  non_profit: 'dpv:NonProfitOrganisation',
  academic: 'dpv:AcademicScientificOrganisation',
  governmental: 'dpv:GovernmentalOrganisation',
  international: 'dpv:InternationalOrganisation',
  natural_person: 'dpv:NaturalPerson',
  legal_entity: 'dpv:LegalEntity',
};

/**
 * A place of the location extension (ISO 3166 codes, EU, EEA) where a jurisdiction's name is the code of one; its name
 * otherwise.
 */
export function place(name: string | undefined): Json | undefined {
  const written = text(name);
  if (written === undefined) return undefined;
  const code = written.replace(/^loc:/, '').toUpperCase();
  if (code === 'UK') return reference('loc:GB');
  return /^(?:[A-Z]{2}(?:-[A-Z0-9]{1,3})?|EEA)$/.test(code) ? reference(`loc:${code}`) : written;
}

/** Of a term of the Fides taxonomy, the nearest in the personal data extension; the longest that fits counts. */
const nearest: ReadonlyMap<string, string> = new Map([
  ['user.account', 'pd:AccountIdentifier'],
  ['user.account.username', 'pd:Username'],
  ['user.behavior', 'pd:Behavioral'],
  ['user.behavior.browsing_history', 'pd:BrowsingBehavior'],
  ['user.behavior.purchase_history', 'pd:Purchase'],
  ['user.biometric', 'pd:Biometric'],
  ['user.contact', 'pd:Contact'],
  ['user.contact.address', 'pd:PhysicalAddress'],
  ['user.contact.email', 'pd:EmailAddress'],
  ['user.contact.phone_number', 'pd:TelephoneNumber'],
  ['user.criminal_history', 'pd:Criminal'],
  ['user.demographic', 'pd:Demographic'],
  ['user.demographic.age_range', 'pd:AgeRange'],
  ['user.demographic.date_of_birth', 'pd:BirthDate'],
  ['user.demographic.gender', 'pd:Gender'],
  ['user.demographic.language', 'pd:Language'],
  ['user.demographic.marital_status', 'pd:MaritalStatus'],
  ['user.demographic.political_opinion', 'pd:PoliticalOpinion'],
  ['user.demographic.race_ethnicity', 'pd:EthnicOrigin'],
  ['user.demographic.religious_belief', 'pd:ReligiousBelief'],
  ['user.demographic.sexual_orientation', 'pd:SexualPreference'],
  ['user.device', 'pd:DeviceBased'],
  ['user.device.ip_address', 'pd:IPAddress'],
  ['user.financial', 'pd:Financial'],
  ['user.financial.bank_account', 'pd:BankAccount'],
  ['user.financial.credit_card', 'pd:PaymentCard'],
  ['user.government_id', 'pd:OfficialID'],
  ['user.health_and_medical', 'pd:MedicalHealth'],
  ['user.health_and_medical.genetic', 'pd:Genetic'],
  ['user.location', 'pd:Location'],
  ['user.location.precise', 'pd:GPSCoordinate'],
  ['user.name', 'pd:Name'],
  ['user.payment', 'pd:PaymentCard'],
  ['user.privacy_preferences', 'pd:PrivacyPreference'],
  ['user.social', 'pd:Social'],
  ['user.unique_id', 'pd:UID'],
]);

/** What GDPR Art. 9(1) and Art. 10 are about; what lies below a dotted term with it. */
const special = `
  user.biometric user.criminal_history user.demographic.political_opinion user.demographic.race_ethnicity
  user.demographic.religious_belief user.demographic.sexual_orientation user.health_and_medical
  dpv:SensitivePersonalData dpv:SpecialCategoryPersonalData pd:Biometric pd:BloodType pd:Criminal pd:CriminalCharge
  pd:CriminalConviction pd:CriminalOffense pd:CriminalPardon pd:DNACode pd:Disability pd:DrugTestResult pd:EthnicOrigin
  pd:Ethnicity pd:FacialPrint pd:FamilyHealthHistory pd:Fingerprint pd:Genetic pd:Health pd:HealthHistory
  pd:HealthRecord pd:IndividualHealthHistory pd:MedicalHealth pd:MentalHealth pd:PhilosophicalBelief
  pd:PhysicalHealth pd:PoliticalAffiliation pd:PoliticalOpinion pd:Prescription pd:Race pd:Religion
  pd:ReligiousBelief pd:Retina pd:Sexual pd:SexualHistory pd:SexualPreference pd:TradeUnionMembership
`
  .trim()
  .split(/\s+/);

export function isSensitive({ term: named, sensitive }: RecordedCategory): boolean {
  return sensitive === true || special.some((one) => named === one || named.startsWith(`${one}.`));
}

/** The broader category of the Data Privacy Vocabulary; undefined for what is no term of either vocabulary. */
export function broaderCategory(named: string): JsonObject | undefined {
  if (named.includes(':')) return term(named);
  if (!/^[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*$/.test(named)) return undefined;
  const parts = named.split('.');
  const known = parts
    .map((_, index) => nearest.get(parts.slice(0, parts.length - index).join('.')))
    .find((found) => found !== undefined);
  return reference(known ?? 'dpv:PersonalData');
}
