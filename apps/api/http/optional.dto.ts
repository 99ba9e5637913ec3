import { ValidateIf } from 'class-validator';

/** A member that may be left out. Null is not left out: it is a value, and a wrong one unless the member says otherwise. */
export const Optional = (): PropertyDecorator => ValidateIf((_body, value) => value !== undefined);
