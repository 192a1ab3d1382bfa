import { readFileSync } from 'node:fs';
import ts from 'typescript';
import type { TypeData } from './model.ts';

export interface MethodTypes {
  readonly verb: string;
  readonly path: string;
  readonly uploads?: readonly string[];
  readonly parameters: Readonly<Record<string, TypeData>>;
  readonly body?: string;
  readonly answer?: string;
}

/** What one file pair of googleapis says, e.g. build/src/apis/storage/v1.{d.ts,js}. */
export interface ApiTypes {
  /** Without the API's name: `buckets.patch`. */
  readonly methods: Readonly<Record<string, MethodTypes>>;
  readonly schemas: Readonly<Record<string, Readonly<Record<string, TypeData>>>>;
}

/** Reads the generated types and the generated JavaScript beside them; `stem` is the path without an extension. */
export function readTypes(stem: string): ApiTypes {
  const parse = (extension: string): ts.SourceFile =>
    ts.createSourceFile(`${stem}${extension}`, readFileSync(`${stem}${extension}`, 'utf8'), ts.ScriptTarget.Latest, true); // prettier-ignore
  const interfaces = new Map<string, ts.InterfaceDeclaration>();
  const signatures = new Map<string, { params: string; answer: string }>();
  visit(parse('.d.ts'), (node) => {
    if (ts.isInterfaceDeclaration(node)) interfaces.set(node.name.text, node);
    if (!ts.isMethodDeclaration(node) || !ts.isClassDeclaration(node.parent)) return;
    const answer = /Promise<[^<]*<(?:Schema\$)?(\w+)>>/.exec(node.type?.getText() ?? '')?.[1];
    const params = /Params\$[\w$]+/.exec(node.parameters[0]?.type?.getText() ?? '')?.[0];
    if (answer === undefined || params === undefined || answer === 'Readable') return;
    signatures.set(methodId(node.parent, node.name.getText()), { params, answer });
  });
  const methods: Record<string, MethodTypes> = {};
  visit(parse('.js'), (node) => {
    if (!ts.isMethodDeclaration(node) || !ts.isClassDeclaration(node.parent)) return;
    const id = methodId(node.parent, node.name.getText());
    const signature = signatures.get(id);
    const request = requestOf(node.getText());
    if (signature === undefined || request === undefined) return;
    const fields = fieldsOf(interfaces.get(signature.params));
    const { requestBody } = fields;
    methods[id] = {
      ...request,
      parameters: Object.fromEntries(Object.entries(fields).filter(([name]) => !NO_PARAMETERS.has(name))),
      ...(typeof requestBody === 'string' ? { body: requestBody.slice(1) } : {}),
      ...(interfaces.has(`Schema$${signature.answer}`) ? { answer: signature.answer } : {}),
    };
  });
  const schemas = [...interfaces].filter(([name]) => name.startsWith('Schema$'));
  return {
    methods,
    schemas: Object.fromEntries(
      schemas.map(([name, node]) => [name.slice('Schema$'.length), fieldsOf(node)]),
    ),
  };
}

/** What the generated client adds to a method's parameters. */
const NO_PARAMETERS = new Set(['requestBody', 'media']);

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => {
    visit(child, look);
  });
}

/** `Resource$Projects$Locations` and `list` are `projects.locations.list`; a class of two words keeps its inner capitals. */
function methodId(resource: ts.ClassDeclaration, method: string): string {
  const parts = (resource.name?.text ?? '').split('$').slice(1);
  return [...parts.map((part) => `${part.charAt(0).toLowerCase()}${part.slice(1)}`), method].join('.');
}

function requestOf(text: string): { verb: string; path: string; uploads?: string[] } | undefined {
  const verb = /method: '([A-Z]+)'/.exec(text)?.[1];
  const path = /\burl: \(rootUrl \+\s*'([^']+)'/.exec(text)?.[1];
  if (verb === undefined || path === undefined) return undefined;
  const upload = /mediaUrl: \(rootUrl \+\s*'([^']+)'/.exec(text)?.[1];
  return { verb, path, ...(upload === undefined ? {} : { uploads: [upload, `/resumable${upload}`] }) };
}

function fieldsOf(node: ts.InterfaceDeclaration | ts.TypeLiteralNode | undefined): Record<string, TypeData> {
  const fields: Record<string, TypeData> = {};
  for (const member of node?.members ?? [])
    if (ts.isPropertySignature(member) && member.type !== undefined)
      fields[member.name.getText().replace(/^'|'$/g, '')] = typeOf(member.type);
  return fields;
}

const KEYWORDS: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.StringKeyword, 's'],
  [ts.SyntaxKind.NumberKeyword, 'n'],
  [ts.SyntaxKind.BooleanKeyword, 'b'],
  [ts.SyntaxKind.AnyKeyword, '*'],
]);

function typeOf(node: ts.TypeNode): TypeData {
  const keyword = KEYWORDS.get(node.kind);
  if (keyword !== undefined) return keyword;
  if (ts.isParenthesizedTypeNode(node)) return typeOf(node.type);
  if (ts.isUnionTypeNode(node)) {
    const [type] = node.types.filter((one) => one.getText() !== 'null');
    if (type !== undefined) return typeOf(type);
  }
  if (ts.isArrayTypeNode(node)) return prefixed('[', typeOf(node.elementType));
  const [element] = ts.isTypeReferenceNode(node) ? (node.typeArguments ?? []) : [];
  if (element !== undefined) return prefixed('[', typeOf(element));
  if (ts.isTypeReferenceNode(node) && node.typeName.getText().startsWith('Schema$'))
    return `#${node.typeName.getText().slice('Schema$'.length)}`;
  if (ts.isTypeLiteralNode(node)) {
    const [index] = node.members;
    return index !== undefined && ts.isIndexSignatureDeclaration(index)
      ? prefixed('{', typeOf(index.type))
      : fieldsOf(node);
  }
  throw new Error(`Cannot read the type ${node.getText()}`);
}

/** Lists and maps of objects without a name are rare; they have an `[]` or `{}` around their fields. */
function prefixed(mark: '[' | '{', type: TypeData): TypeData {
  return typeof type === 'string' ? `${mark}${type}` : { [mark]: type };
}
