/** The default data categories of the Fides taxonomy (fideslang 3.1.4, Apache-2.0), by their keys. */
const fides = `
  system system.authentication system.operations user user.account user.account.settings
  user.account.username user.authorization user.authorization.biometric user.authorization.credentials
  user.authorization.password user.behavior user.behavior.browsing_history user.behavior.media_consumption
  user.behavior.purchase_history user.behavior.search_history user.biometric user.biometric.fingerprint
  user.biometric.health user.biometric.retinal user.biometric.voice user.childrens user.contact
  user.contact.address user.contact.address.city user.contact.address.country
  user.contact.address.postal_code user.contact.address.state user.contact.address.street user.contact.email
  user.contact.fax_number user.contact.organization user.contact.phone_number user.contact.url user.content
  user.content.private user.content.public user.content.self_image user.criminal_history user.demographic
  user.demographic.age_range user.demographic.date_of_birth user.demographic.gender
  user.demographic.language user.demographic.marital_status user.demographic.political_opinion
  user.demographic.profile user.demographic.race_ethnicity user.demographic.religious_belief
  user.demographic.sexual_orientation user.device user.device.cookie user.device.cookie_id
  user.device.device_id user.device.ip_address user.financial user.financial.bank_account
  user.financial.credit_card user.government_id user.government_id.birth_certificate
  user.government_id.drivers_license_number user.government_id.immigration
  user.government_id.national_identification_number user.government_id.passport_number
  user.government_id.vehicle_registration user.health_and_medical user.health_and_medical.genetic
  user.health_and_medical.insurance_beneficiary_id user.health_and_medical.record_id user.job_title
  user.location user.location.imprecise user.location.precise user.name user.name.first user.name.last
  user.payment user.privacy_preferences user.sensor user.social user.telemetry user.unique_id
  user.unique_id.pseudonymous user.user_sensor user.workplace
`;

/** Personal data in the extension `pd` of the W3C Data Privacy Vocabulary 2.2; spelt as they are published. */
const personalData = `
  Accent AccountIdentifier Acquantaince Age AgeExact AgeRange ApartmentOwned Association Attitude
  Authenticating AuthenticationHistory BankAccount Behavioral Biometric BirthCountry BirthDate BirthPlace
  BloodType BrowserFingerprint BrowserHistory BrowsingBehavior BrowsingReferral CallLog CarOwned Character
  Citizenship City Communication CommunicationsMetadata Connection Contact Country Credit CreditCapacity
  CreditCardNumber CreditRecord CreditScore CreditStanding CreditWorthiness Criminal CriminalCharge
  CriminalConviction CriminalOffense CriminalPardon CurrentEmployment DNACode Demeanor Demographic
  DeviceApplications DeviceBased DeviceOperatingSystem DeviceSoftware Dialect DigitalFingerprint Disability
  DisciplinaryAction Dislike Divorce Domicile DrugTestResult Education EducationExperience
  EducationQualification EmailAddress EmailAddressPersonal EmailAddressWork EmailContent Emotion
  EmploymentHistory EthnicOrigin Ethnicity External FacialExpression FacialPrint Family FamilyHealthHistory
  FamilyStructure Favorite FavoriteColor FavoriteFood FavoriteMusic Fetish Financial FinancialAccount
  FinancialAccountNumber FinancialStatus Fingerprint Friend GPSCoordinate Gender GeneralReputation Genetic
  Geographic GroupMembership GroupProfile HairColor Health HealthHistory HealthRecord Height Historical
  HouseNumber HouseOwned Household IPAddress Identifier Identifying Income IncomeBracket
  IndividualHealthHistory IndividualProfile Insurance Intention Interaction Interest Internal Job
  KnowledgeBelief Language LifeHistory Like LinkClicked LoanRecord Locality Location MACAddress
  MaritalStatus Marriage MedicalHealth MentalHealth Mood Name Nationality OfficialID Offspring Opinion
  Ownership PINCode Parent Passport Password PastEmployment PaymentCard PaymentCardExpiry PaymentCardNumber
  PerformanceAtWork PersonalDocuments PersonalPossession Personality PhilosophicalBelief PhysicalAddress
  PhysicalCharacteristic PhysicalHealth PhysicalTrait Picture Piercing PoliticalAffiliation PoliticalOpinion
  PostalCode Preference Prescription PrivacyPreference Proclivity Professional ProfessionalCertification
  ProfessionalEvaluation ProfessionalInterview Profile PublicLife PubliclyAvailableSocialMedia Purchase
  PurchasesAndSpendingHabit Race Reference Region Relationship Reliability Religion ReligiousBelief
  Residency Retina RoomNumber Salary Sale School SecretText ServiceConsumptionBehavior Sexual SexualHistory
  SexualPreference Sibling SkinTone Social SocialMedia SocialMediaCommunication SocialNetwork SocialStatus
  Street TVViewingBehavior Tattoo Tax TelephoneNumber Thought Tracking TradeUnionMembership Transaction
  Transactional TravelHistory UID UserAgent Username VehicalLicenseNumber VehicalLicenseRegistration Vehicle
  VehicleLicense VehicleUsage VoiceCommunicationRecording VoiceMail Weight WorkEnvironment WorkHistory
`;

/** The kinds of personal data of the Data Privacy Vocabulary itself. */
const kinds = `
  CollectedPersonalData DerivedPersonalData GeneratedPersonalData IdentifyingPersonalData
  InferredPersonalData ObservedPersonalData PersonalData ProvidedPersonalData PseudonymisedData
  SensitivePersonalData SpecialCategoryPersonalData
`;

/** The categories that every policy knows: `user.contact.email`, `pd:EmailAddress`, `dpv:SensitivePersonalData`. */
export const categories: ReadonlySet<string> = new Set([
  ...words(fides),
  ...words(personalData).map((name) => `pd:${name}`),
  ...words(kinds).map((name) => `dpv:${name}`),
]);

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
