import ts from 'typescript';

/** The one room that issues permits, and so the one way to change something at Google. */
const CHANGES = 'shared/google/change/';

/** What every request is sent by. */
const API = 'shared/google/api.ts';

/**
 * Requests that look and are sent by POST, objects of the state bucket, which have preconditions of their own, the object by which the
 * preflight tries to write there, and points of metrics, which change no resource: where they are sent from, and by which methods.
 */
const SENDS_WITHOUT_PERMIT: ReadonlyMap<string, readonly string[]> = new Map([
  ['functions/guardrail-audit/gather/policy.ts', ['POST']],
  ['functions/spend-watch/metrics/write.ts', ['POST']],
  ['shared/google/vertex/makers.ts', ['POST']],
  ['shared/preflight/permissions.ts', ['POST', 'DELETE']],
  ['shared/preflight/publishers.ts', ['POST']],
  ['shared/state/state.ts', ['POST']],
  ['shared/state/upload-session.ts', ['POST', 'PUT']],
]);

/** Methods of clients that are called without a permit: looks, and messages, which change no resource. */
const READS_OR_TELLS: ReadonlySet<string> = new Set([
  'get',
  'getBillingInfo',
  'getBudget',
  'listObjects',
  'publish',
]);

const CHANGING_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Where the identity is made, and handed to Google's clients: all else hands it on by its name. */
const KNOWS_IDENTITY = /^shared\/(?:google\/(?:clients\/.*|impersonate)|run\/runtime)\.ts$/;

/** Google's clients are made by what these files export; two of the room make none. */
const CLIENTS = /(?:^|\/)clients\/(?!notebook-message|through-proxy)[\w-]+\.ts$/;

/** What issues permits, opens buckets or makes clients: under another name nothing of it would be seen. */
const NAMED_ONLY =
  /(?:^|\/)(?:change\/permit|state\/state|clients\/(?!notebook-message|through-proxy)[\w-]+)\.ts$/;

/** Where the state bucket is opened. */
const OPENS_STATE = /^shared\/(?:run|state)\//;

/** Where a source sends a request that changes something without `Api.change`, or issues a permit. */
export function unpermittedIn(file: string, text: string): readonly string[] {
  if (file.startsWith(CHANGES) || file === API) return [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const clients = KNOWS_IDENTITY.test(file) ? new Set<string>() : clientsOf(source);
  const methods = SENDS_WITHOUT_PERMIT.get(file);
  const found: string[] = [];
  /** Names of requests that are spelled out before they are sent. */
  const changes = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (
      ts.isVariableDeclaration(node) &&
      node.initializer !== undefined &&
      isSentChange(node.initializer, changes)
    )
      changes.add(node.name.getText());
    found.push(
      ...permitsIn(node),
      ...stateIn(node, file),
      ...loadedUnnamed(node),
      ...(methods === undefined ? sentUnpermitted(node) : sentOtherwise(node, methods)),
      ...(KNOWS_IDENTITY.test(file) ? [] : usesIdentity(node)),
      ...usesClient(node, clients),
      ...sentBy(node, changes),
    );
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...new Set(found)];
}

function permitsIn(node: ts.Node): readonly string[] {
  if (ts.isNewExpression(node) && node.expression.getText() === 'Permit') return ['issues a permit'];
  const isImported = ts.isImportSpecifier(node) && (node.propertyName ?? node.name).text === 'Permit';
  return isImported && !isTypeOnly(node) ? ['loads Permit'] : [];
}

function isTypeOnly(node: ts.ImportSpecifier): boolean {
  return node.isTypeOnly || node.parent.parent.phaseModifier === ts.SyntaxKind.TypeKeyword;
}

/** Whoever opens a bucket as a state bucket may write any object there. What is loaded by a variable may be anything. */
function stateIn(node: ts.Node, file: string): readonly string[] {
  if (ts.isImportSpecifier(node) && (node.propertyName ?? node.name).text === 'createState')
    return OPENS_STATE.test(file) ? [] : ['opens a bucket'];
  if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return [];
  const [what] = node.arguments;
  return what === undefined || ts.isStringLiteral(what) ? [] : [`loads ${what.getText()}`];
}

/** A re-export, `import()` and `import * as` give what is loaded another name. Those of clients by the last are followed by that name. */
function loadedUnnamed(node: ts.Node): readonly string[] {
  const from = unnamedSource(node);
  if (from === undefined || !ts.isStringLiteral(from) || !NAMED_ONLY.test(from.text)) return [];
  return [`loads all of ${from.text}`];
}

function unnamedSource(node: ts.Node): ts.Node | undefined {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly ? undefined : node.moduleSpecifier;
  if (ts.isCallExpression(node))
    return node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments[0] : undefined;
  if (!ts.isNamespaceImport(node) || node.parent.phaseModifier === ts.SyntaxKind.TypeKeyword)
    return undefined;
  const { moduleSpecifier } = node.parent.parent;
  return ts.isStringLiteral(moduleSpecifier) && CLIENTS.test(moduleSpecifier.text)
    ? undefined
    : moduleSpecifier;
}

/** By whatever name: what is taken out of an `Api` is called later. */
function sentUnpermitted(node: ts.Node): readonly string[] {
  const isNamed = (ts.isIdentifier(node) || ts.isStringLiteral(node)) && node.text === 'exchangeUnpermitted';
  return isNamed ? ['sends by exchangeUnpermitted'] : [];
}

function sentOtherwise(node: ts.Node, methods: readonly string[]): readonly string[] {
  return ts.isStringLiteral(node) && CHANGING_METHODS.has(node.text) && !methods.includes(node.text)
    ? [`sends by ${node.text}`]
    : [];
}

/** Whether an expression is `name`, or a field of that name. */
function isCalled(node: ts.Node | undefined, name: string): boolean {
  if (node === undefined) return false;
  if (ts.isIdentifier(node)) return node.text === name;
  if (ts.isPropertyAccessExpression(node)) return node.name.text === name;
  return ts.isElementAccessExpression(node) && isText(node.argumentExpression, name);
}

function isText(node: ts.Node, text: string): boolean {
  return ts.isStringLiteralLike(node) && node.text === text;
}

/** What may send anything, which is handed on by its own name alone, and of which nothing is taken here. */
const HANDED_ON = ['auth', 'clients'] as const;

function usesIdentity(node: ts.Node): readonly string[] {
  const typed = ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isPropertySignature(node);
  if (typed && node.type?.getText() === 'GoogleAuth' && node.name.getText() !== 'auth')
    return [`calls the identity ${node.name.getText()}`];
  return HANDED_ON.flatMap((name) => (isTaken(node, name) ? [`takes ${name} apart`] : []));
}

/** Whether something of `name` is taken or called, or it is given another name. Messages alone are published by the clients of a run. */
function isTaken(node: ts.Node, name: (typeof HANDED_ON)[number]): boolean {
  if (ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node)) {
    if (!isCalled(node.expression, name)) return ts.isElementAccessExpression(node) && isCalled(node, name);
    return !(name === 'clients' && isCalled(node, 'publish') && attemptAround(node) !== undefined);
  }
  if (ts.isVariableDeclaration(node)) return isCalled(node.initializer, name);
  if (ts.isBindingElement(node))
    return node.propertyName !== undefined && isCalled(node.propertyName, name) && !isCalled(node.name, name);
  if (ts.isBinaryExpression(node))
    return node.operatorToken.kind === ts.SyntaxKind.EqualsToken && isCalled(node.right, name);
  if (ts.isArrowFunction(node)) return isCalled(node.body, name);
  if (ts.isReturnStatement(node)) return isCalled(node.expression, name);
  return (
    ts.isCallExpression(node) &&
    /^Reflect\b/.test(node.expression.getText()) &&
    node.arguments.some((one) => isCalled(one, name))
  );
}

/** The names by which a source knows what makes Google's clients. */
function clientsOf(source: ts.SourceFile): ReadonlySet<string> {
  const names = source.statements.flatMap((one) => {
    if (!ts.isImportDeclaration(one) || one.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword)
      return [];
    if (!ts.isStringLiteral(one.moduleSpecifier) || !CLIENTS.test(one.moduleSpecifier.text)) return [];
    const bindings = one.importClause?.namedBindings;
    if (bindings === undefined) return [];
    if (ts.isNamespaceImport(bindings)) return [bindings.name.text];
    return bindings.elements.filter((each) => !each.isTypeOnly).map(({ name }) => name.text);
  });
  return new Set(names);
}

/** A client is made where it is called, within `api.call` or under a permit. */
function usesClient(node: ts.Node, clients: ReadonlySet<string>): readonly string[] {
  if (!ts.isIdentifier(node) || !clients.has(node.text) || ts.isImportSpecifier(node.parent)) return [];
  const { parent: made } = node;
  const isCalledAtOnce = ts.isCallExpression(made) && made.expression === node && (ts.isPropertyAccessExpression(made.parent) || ts.isElementAccessExpression(made.parent)); // prettier-ignore
  return isCalledAtOnce && attemptAround(node) !== undefined ? [] : [`uses ${node.text}`];
}

/** The call, `api.call` or `changeByClient`, to which an attempt is handed that has the node in it. */
function attemptAround(node: ts.Node): ts.CallExpression | undefined {
  for (let inner = node; !ts.isSourceFile(inner); inner = inner.parent) {
    const { parent } = inner;
    if (!ts.isArrowFunction(inner) || !ts.isCallExpression(parent)) continue;
    const callee = parent.expression.getText();
    if (/(?:^|\.)api\.call$/.test(callee) || callee === 'changeByClient') return parent;
  }
  return undefined;
}

function sentBy(node: ts.Node, changes: ReadonlySet<string>): readonly string[] {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
  const { name, expression } = node.expression;
  if (/(?:^|\.)api\.call$/.test(node.expression.getText()))
    return changesAround(node).map((method) => `calls ${method} by call`);
  if (isCalled(expression, 'auth')) return [];
  const isSent =
    name.text === 'fetch' ||
    (['request', 'exchange'].includes(name.text) &&
      node.arguments.some((argument) => isSentChange(argument, changes)));
  return isSent ? [`sends by ${name.text}`] : [];
}

/**
 * Calls of a client's methods inside `api.call(name, attempt)` that may change something: all but those that are known to read or to
 * tell, and an attempt that is not spelled out.
 */
function changesAround({ arguments: [, attempt] }: ts.CallExpression): readonly string[] {
  if (attempt === undefined || ts.isLiteralExpression(attempt)) return [];
  if (!ts.isArrowFunction(attempt)) return [attempt.getText()];
  const found: string[] = [];
  const visit = (node: ts.Node, inner: boolean): void => {
    const called = ts.isCallExpression(node) ? node.expression : undefined;
    // What makes the client or the request is a function by its bare name.
    if (called !== undefined && !(inner && ts.isIdentifier(called))) {
      const method = ts.isPropertyAccessExpression(called) ? called.name.text : called.getText();
      if (!READS_OR_TELLS.has(method) && method !== 'stringify') found.push(method);
    }
    ts.forEachChild(node, (child) => {
      visit(child, inner || called !== undefined);
    });
  };
  visit(attempt.body, false);
  return found;
}

/** Whether an argument is a request that changes something: spelled out here or before. */
function isSentChange(argument: ts.Expression, changes: ReadonlySet<string>): boolean {
  return (
    isChange(argument) ||
    (ts.isIdentifier(argument) && changes.has(argument.text)) ||
    (ts.isObjectLiteralExpression(argument) &&
      argument.properties.some((one) => ts.isSpreadAssignment(one) && isSentChange(one.expression, changes)))
  );
}

/** Whether an argument spells out a method that is not GET. */
function isChange(argument: ts.Expression): boolean {
  if (!ts.isObjectLiteralExpression(argument)) return false;
  return argument.properties.some(
    (property) =>
      (ts.isPropertyAssignment(property) &&
        property.name.getText() === 'method' &&
        !(ts.isStringLiteral(property.initializer) && !CHANGING_METHODS.has(property.initializer.text))) ||
      (ts.isShorthandPropertyAssignment(property) && property.name.text === 'method'),
  );
}
