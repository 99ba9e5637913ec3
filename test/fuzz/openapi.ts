import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

/** The part of OpenAPI 3.0 that our document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly example?: unknown;
  readonly nullable?: boolean;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly additionalProperties?: boolean | Schema;
}

interface Content {
  readonly [type: string]: { readonly schema?: Schema };
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema?: Schema;
  readonly example?: unknown;
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface OperationObject {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Operation['responses'];
}

export function operationsOf(document: Document): readonly Operation[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters, requestBody, responses }]) => ({
      method: method.toUpperCase(),
      path,
      parameters: parameters ?? [],
      body: requestBody?.content['application/json']?.schema,
      responses,
    })),
  );
}

export function nameOf({ method, path }: Operation): string {
  return `${method} ${path}`;
}

/** What is wrong with an answer, by the document; undefined when it is as promised. */
export type CheckAnswer = (
  operation: Operation,
  status: number,
  contentType: string | undefined,
  body: string,
) => string | undefined;

/** Answers are held to their schemas strictly: a member that the document does not name is a fault. */
export function checkerOf(document: Document): CheckAnswer {
  const ajv = new Ajv({ strict: false, allErrors: false });
  formats.default(ajv);
  const compiled = new Map<Schema, ValidateFunction>();
  const validate = (schema: Schema, value: unknown) => {
    const known = compiled.get(schema) ?? ajv.compile(strict(schema, document));
    compiled.set(schema, known);
    return known(value) ? undefined : ajv.errorsText(known.errors);
  };
  return (operation, status, contentType, body) => {
    const type = (contentType ?? '').split(';')[0] ?? '';
    const misplaced = faultOfForm(operation, status, type);
    if (misplaced !== undefined) return misplaced;
    const response = operation.responses[String(status)] ?? operation.responses['default'];
    const schema = response?.content?.[type]?.schema;
    return type.endsWith('json') && schema !== undefined ? validate(schema, JSON.parse(body)) : undefined;
  };
}

function faultOfForm(operation: Operation, status: number, type: string): string | undefined {
  const promised = operation.responses[String(status)] !== undefined;
  if (status < 400 && !promised) return `status ${status} is no error and not in the document`;
  if (status >= 400 && type !== 'application/problem+json') return `an error came as "${type}"`;
  return undefined;
}

/** OpenAPI 3.0 as JSON Schema: references resolved, `nullable` spelt out, no members but those named. */
function strict(schema: Schema, document: Document): object {
  const resolved = resolve(schema, document);
  const inner = (one: Schema) => strict(one, document);
  const { nullable, items, properties, allOf, oneOf, ...rest } = resolved;
  const parts = allOf ?? [];
  const own = {
    ...rest,
    ...(items === undefined ? {} : { items: inner(items) }),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map(inner) }),
    ...(parts.length === 0 ? {} : { allOf: parts.map(inner) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, inner(one)])),
          additionalProperties: false,
        }),
  };
  return nullable === true ? { anyOf: [{ type: 'null' }, own] } : own;
}

export function resolve(schema: Schema, document: Document): Schema {
  if (schema.$ref === undefined) return schema;
  const found = document.components.schemas[schema.$ref.replace('#/components/schemas/', '')];
  if (found === undefined) throw new Error(`the document does not define ${schema.$ref}`);
  return found;
}
