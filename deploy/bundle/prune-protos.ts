import { protobuf } from 'google-gax/fallback';

/** A node of the JSON form in which protobuf.js keeps descriptors: a namespace, message, enum, service or extension. */
export interface ProtoNode {
  readonly [key: string]: unknown;
  readonly nested?: Readonly<Record<string, ProtoNode>>;
}

/**
 * A copy of `protos` with the named services and all that their methods can send or receive, transitively, and the named types
 * with theirs: what a long-running operation results in is packed into an `Any`.
 *
 * When an `Any` is among them, messages that nothing refers to stay too: they are declared in order to be put into one
 * (Monitoring attaches a `SpanContext` to an exemplar), and an `Any` of a type that is not there fails the whole answer.
 *
 * What stays unchanged: service names, HTTP rules (gax reads them from `parsedOptions`), field names, numbers, types,
 * `proto3_optional` and packing. What goes: other services and messages, option extensions (`extend
 * google.protobuf.FieldOptions`, and with it descriptor.proto, which only exists to declare them), and `google.api`
 * annotations of fields and messages, which describe an API to people and generators and are not read at run time.
 *
 * Throws when a service does not exist or a type cannot be resolved.
 */
export function pruneProtos(
  protos: ProtoNode,
  services: readonly string[],
  types: readonly string[] = [],
): ProtoNode {
  const root = protobuf.Root.fromJSON(protos);
  const kept = new Set<string>();
  for (const name of services) keepService(root.lookupService(name), kept);
  for (const name of types) keepType(root.lookupTypeOrEnum(name), kept);
  if (kept.has('.google.protobuf.Any')) for (const type of loneTypes(root)) keepType(type, kept);
  return copy(protos, '', kept) ?? { nested: {} };
}

function keepService(service: protobuf.Service, kept: Set<string>): void {
  kept.add(service.fullName);
  for (const method of service.methodsArray) {
    method.resolve();
    if (method.resolvedRequestType === null || method.resolvedResponseType === null) {
      throw new Error(
        `Cannot prune "${service.fullName}": the types of method ${method.name} are not in the file`,
      );
    }
    keepType(method.resolvedRequestType, kept);
    keepType(method.resolvedResponseType, kept);
  }
}

function keepType(type: protobuf.Type | protobuf.Enum, kept: Set<string>): void {
  if (kept.has(type.fullName)) return;
  kept.add(type.fullName);
  // A nested message is only reachable through its parent, and half a message would lose fields silently.
  if (type.parent instanceof protobuf.Type) keepType(type.parent, kept);
  if (type instanceof protobuf.Enum) return;
  for (const field of type.fieldsArray) {
    field.resolve();
    if (field.resolvedType !== null) keepType(field.resolvedType, kept);
  }
}

/** descriptor.proto, the language of annotations: no API answers with it. */
const descriptorRoots: ReadonlySet<string> = new Set([
  '.google.protobuf.FileDescriptorSet',
  '.google.protobuf.GeneratedCodeInfo',
]);

/** Messages that no field and no method refers to. */
function loneTypes(root: protobuf.Root): protobuf.Type[] {
  const types: protobuf.Type[] = [];
  const referred = new Set<string>();
  visit(root, (object) => {
    if (object instanceof protobuf.Service) {
      for (const method of object.methodsArray) {
        method.resolve();
        referred
          .add(method.resolvedRequestType?.fullName ?? '')
          .add(method.resolvedResponseType?.fullName ?? '');
      }
    } else if (object instanceof protobuf.Type) {
      types.push(object);
      for (const field of object.fieldsArray) referred.add(field.resolve().resolvedType?.fullName ?? '');
    }
  });
  return types.filter(
    ({ fullName, parent }) =>
      !(parent instanceof protobuf.Type) &&
      !referred.has(fullName) &&
      !descriptorRoots.has(fullName) &&
      !fullName.startsWith('.google.api.'),
  );
}

function visit(namespace: protobuf.NamespaceBase, each: (object: protobuf.ReflectionObject) => void): void {
  for (const child of namespace.nestedArray) {
    each(child);
    if (child instanceof protobuf.Namespace) visit(child, each);
  }
}

/** The pruned copy of one node, or undefined when nothing in it is kept. */
function copy(node: ProtoNode, fullName: string, kept: ReadonlySet<string>): ProtoNode | undefined {
  const nested: Record<string, ProtoNode> = {};
  for (const [name, child] of Object.entries(node.nested ?? {})) {
    const childCopy = copy(child, `${fullName}.${name}`, kept);
    if (childCopy !== undefined) nested[name] = childCopy;
  }
  const hasNested = Object.keys(nested).length > 0;
  if (!kept.has(fullName) && !hasNested) return undefined;
  const own = withoutAnnotations({ ...node, nested: undefined });
  return hasNested ? { ...own, nested } : own;
}

const annotation = /^\(google\.api\./;
/** Options that a running client reads: where the service lives. HTTP rules are read from `parsedOptions` instead. */
const readAtRunTime = '(google.api.default_host)';
/** Settings of code generators for other languages (`java_package` …). */
const generatorOption = /^(?:cc|csharp|go|java|objc|php|py|ruby|swift)_/;

function withoutAnnotations(node: Readonly<Record<string, unknown>>): ProtoNode {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (value === undefined) continue;
    if (key === 'options' && isRecord(value)) {
      const options = Object.entries(value).filter(
        ([name]) => name === readAtRunTime || !(annotation.test(name) || generatorOption.test(name)),
      );
      if (options.length > 0) out[key] = Object.fromEntries(options);
    } else if (key === 'parsedOptions') {
      out[key] = Array.isArray(value) ? value.filter(isHttpRule) : value;
    } else if (key === 'fields' || key === 'methods') {
      out[key] = isRecord(value)
        ? Object.fromEntries(
            Object.entries(value).map(([name, part]) => [
              name,
              isRecord(part) ? withoutAnnotations(part) : part,
            ]),
          )
        : value;
    } else {
      out[key] = value;
    }
  }
  return out;
}

function isHttpRule(option: unknown): boolean {
  return isRecord(option) && Object.hasOwn(option, '(google.api.http)');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
