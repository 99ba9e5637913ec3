import { registerDecorator } from 'class-validator';

const form = /^(?:19|20)\d\d-\d\d-\d\d$/;

/** A day that was, as YYYY-MM-DD, since 1900. */
export function IsDay(): PropertyDecorator {
  return (target, property) => {
    registerDecorator({
      name: 'isDay',
      target: target.constructor,
      propertyName: String(property),
      options: { message: 'must be a day that was, such as 2014-05-17' },
      validator: {
        validate: (value: unknown) => {
          if (typeof value !== 'string' || !form.test(value)) return false;
          const day = new Date(`${value}T00:00:00Z`);
          // 30 February would be some day in March.
          return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value) && day <= new Date();
        },
      },
    });
  };
}
