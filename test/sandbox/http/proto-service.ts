import protobuf from 'protobufjs';
import { ApiError } from './api-error.ts';
import { camelCase, checkMessage, type ExtraFields } from './proto-json.ts';
import { SYSTEM_QUERY, type Call, type Need, type Route } from './route.ts';

/** A string field of a message; empty when absent. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A request or response message in proto3 JSON form: camelCase names, int64 as strings, enums by name. */
export type Message = Readonly<Record<string, unknown>>;

export interface MethodHandler {
  /** The method's id in the discovery document, e.g. `notebooks.projects.locations.instances.list`. */
  readonly id: string;
  readonly needs: (request: Message, call: Call) => readonly Need[];
  readonly handle: (request: Message, call: Call) => Message | Promise<Message>;
}

export interface ProtoServiceOptions {
  readonly host: string;
  /** The `protos.json` that Google's client package ships. */
  readonly protos: object;
  /** Full name, e.g. `google.pubsub.v1.Publisher`. */
  readonly service: string;
  readonly methods: Readonly<Record<string, MethodHandler>>;
  /** Fields that the REST API has and the package's descriptor lacks. Each needs a source where it is declared. */
  readonly extraFields?: ExtraFields;
  /** Known query parameters beside the message's fields. */
  readonly extraQuery?: readonly string[];
}

interface HttpRule {
  readonly method: Route['method'];
  readonly template: string;
  readonly body?: string;
}

/**
 * The routes of one gRPC service over REST. Paths come from the `google.api.http` options, and every request and every
 * response of ours is checked against the messages: an unknown field or enum value is an error, as it is at Google.
 */
export function protoRoutes(options: ProtoServiceOptions): Route[] {
  const root = rootOf(options.protos);
  const service = root.lookupService(options.service);
  return Object.entries(options.methods).flatMap(([name, handler]) => {
    const method = service.methods[name];
    if (method === undefined)
      throw new Error(`Cannot serve "${options.service}.${name}": no such method in protos.json`);
    const requestType = root.lookupType(
      method.requestType.replace(/^(?!\.|google\.)/, `${parentName(service)}.`),
    );
    const responseType = root.lookupType(
      method.responseType.replace(/^(?!\.|google\.)/, `${parentName(service)}.`),
    );
    return httpRules(method).map((rule): Route => {
      const { path, fields } = compileTemplate(rule.template);
      const requests = new WeakMap<Call, Message>();
      const requestOf = (call: Call): Message => {
        const known = requests.get(call);
        if (known !== undefined) return known;
        const request = readRequest(call, rule, fields, requestType, options);
        requests.set(call, request);
        return request;
      };
      return {
        id: handler.id,
        host: options.host,
        method: rule.method,
        path,
        query: ['*'],
        needs: (call) => handler.needs(requestOf(call), call),
        async handle(call) {
          const reply = await handler.handle(requestOf(call), call);
          const numericEnums = (call.query.get('$alt') ?? '').includes('enum-encoding=int');
          return {
            body: checkMessage(responseType, reply, {
              side: 'response',
              extraFields: options.extraFields ?? {},
              numericEnums,
            }),
          };
        },
      };
    });
  });
}

const roots = new WeakMap<object, protobuf.Root>();

function rootOf(protos: object): protobuf.Root {
  const known = roots.get(protos);
  if (known !== undefined) return known;
  const root = protobuf.Root.fromJSON(protos);
  root.resolveAll();
  roots.set(protos, root);
  return root;
}

function parentName(service: protobuf.Service): string {
  return service.parent?.fullName.replace(/^\./, '') ?? '';
}

/** The rule of a method and its `additional_bindings`, as protobufjs keeps them in `parsedOptions`. */
function httpRules(method: protobuf.Method): HttpRule[] {
  const parsed = (method.parsedOptions as readonly Record<string, unknown>[] | undefined) ?? [];
  const raw = parsed.map((option) => option['(google.api.http)']).find((option) => option !== undefined);
  if (raw === undefined)
    throw new Error(`Cannot serve "${method.fullName}": it has no google.api.http option`);
  const main = raw as Record<string, unknown>;
  const more = main['additional_bindings'] ?? [];
  return [
    main,
    ...(Array.isArray(more) ? (more as Record<string, unknown>[]) : [more as Record<string, unknown>]),
  ].flatMap((rule) =>
    (['get', 'post', 'put', 'patch', 'delete'] as const).flatMap((verb) => {
      const template = rule[verb];
      if (typeof template !== 'string') return [];
      const method = verb.toUpperCase() as Route['method'];
      return [{ method, template, ...(typeof rule['body'] === 'string' ? { body: rule['body'] } : {}) }];
    }),
  );
}

/** `/v2/{name=projects/*\/instances/*}:stop` as a regular expression; `fields` are the message paths of its groups. */
function compileTemplate(template: string): { path: RegExp; fields: string[] } {
  const fields: string[] = [];
  const escape = (text: string): string => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  const segments = (pattern: string): string =>
    pattern
      .split('/')
      .map((segment) => (segment === '**' ? '.+' : segment === '*' ? '[^/:]+' : escape(segment)))
      .join('/');
  let source = '';
  for (const part of template.split(/(\{[^}]+\})/)) {
    const variable = /^\{([^=}]+)(?:=([^}]+))?\}$/.exec(part);
    if (variable === null) {
      source += escape(part);
      continue;
    }
    source += `(?<f${fields.length}>${segments(variable[2] ?? '*')})`;
    fields.push(variable[1] ?? '');
  }
  return { path: new RegExp(`^${source}$`), fields };
}

function readRequest(
  call: Call,
  rule: HttpRule,
  fields: readonly string[],
  type: protobuf.Type,
  options: ProtoServiceOptions,
): Message {
  const request: Record<string, unknown> = {};
  if (rule.body === '*') Object.assign(request, call.json());
  else if (rule.body !== undefined) request[camelCase(rule.body)] = { ...call.json() };
  else if (call.body.length > 0 && call.body.toString() !== '{}')
    throw new ApiError('INVALID_ARGUMENT', `Invalid JSON payload received: ${call.method} takes no body.`);

  for (const name of new Set(call.query.keys())) {
    if (SYSTEM_QUERY.has(name) || (options.extraQuery ?? []).includes(name)) continue;
    if (rule.body === '*')
      throw new ApiError(
        'INVALID_ARGUMENT',
        `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter.`,
      );
    setPath(request, name, call.query.getAll(name), type);
  }
  fields.forEach((field, index) => {
    setPath(request, field, [call.params[`f${index}`] ?? ''], type);
  });
  return checkMessage(type, request, {
    side: 'request',
    extraFields: options.extraFields ?? {},
    numericEnums: false,
  });
}

/** Sets `interval.endTime=…` or `aggregation.groupByFields=…` in the message, in the JSON type that the field has. */
function setPath(
  target: Record<string, unknown>,
  dotted: string,
  values: readonly string[],
  type: protobuf.Type,
): void {
  const unknown = (name: string): ApiError =>
    new ApiError(
      'INVALID_ARGUMENT',
      `Invalid JSON payload received. Unknown name "${name}": Cannot bind query parameter. Field '${name}' could not be found in request message.`,
    );
  const names = dotted.split('.').map(camelCase);
  let at = target;
  let within: protobuf.Type = type;
  for (const name of names.slice(0, -1)) {
    const field = within.fields[name];
    if (!(field?.resolvedType instanceof protobuf.Type)) throw unknown(dotted);
    within = field.resolvedType;
    const inner = at[name];
    const next: Record<string, unknown> =
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {};
    at[name] = next;
    at = next;
  }
  const last = names.at(-1) ?? '';
  const field = within.fields[last];
  if (field === undefined) throw unknown(dotted);
  const convert = (value: string): unknown => {
    if (field.type === 'bool') {
      if (value !== 'true' && value !== 'false')
        throw new ApiError('INVALID_ARGUMENT', `Invalid value at '${dotted}' (TYPE_BOOL), "${value}"`);
      return value === 'true';
    }
    return value;
  };
  at[last] = field.repeated ? values.map(convert) : convert(values.at(-1) ?? '');
}
