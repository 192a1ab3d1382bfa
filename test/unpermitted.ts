import ts from 'typescript';

/** The one room that issues permits, and so the one way to change something at Google. */
export const CHANGES = 'shared/google/change/';

/**
 * Where requests are sent from, requests that look and are sent by POST, objects of the state bucket, which have preconditions of their
 * own, and points of metrics, which change no resource.
 */
export const SENDS_WITHOUT_PERMIT =
  /^(?:shared\/(?:google\/(?:api|vertex\/makers)|preflight\/(?:permissions|publishers)|state\/(?:state|upload-session))|functions\/(?:guardrail-audit\/gather\/policy|spend-watch\/metrics\/write))\.ts$/;

/** What a client may be called for without a permit: looks, and messages, which change no resource. */
const READS_OR_TELLS = /^(?:get|list|publish)/;

const CHANGING_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Where a source sends a request that changes something without `Api.change`, or issues a permit. */
export function unpermittedIn(file: string, text: string): readonly string[] {
  const found: string[] = [];
  /** Names of requests that are spelled out before they are sent. */
  const changes = new Set<string>();
  const isSentChange = (argument: ts.Expression): boolean =>
    isChange(argument) ||
    (ts.isIdentifier(argument) && changes.has(argument.text)) ||
    (ts.isObjectLiteralExpression(argument) &&
      argument.properties.some((one) => ts.isSpreadAssignment(one) && isSentChange(one.expression)));
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined && isSentChange(node.initializer))
      changes.add(node.name.getText());
    if (ts.isNewExpression(node) && node.expression.getText() === 'Permit') found.push('issues a permit');
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name } = node.expression;
      if (['request', 'exchange', 'fetch'].includes(name.text) && node.arguments.some(isSentChange))
        found.push(`sends by ${name.text}`);
      if (name.text === 'exchangeUnpermitted') found.push('sends by exchangeUnpermitted');
      if (
        node.expression.getText().endsWith('api.call') &&
        !(isWatched(node) && text.includes('permit.check()'))
      )
        found.push(...changesAround(node).map((method) => `calls ${method} by call`));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return found;
}

/**
 * Calls of a client's methods inside `api.call(name, attempt)` that may change something: whatever its name does not show to read or to
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
      if (!READS_OR_TELLS.test(method) && method !== 'stringify') found.push(method);
    }
    ts.forEachChild(node, (child) => {
      visit(child, inner || called !== undefined);
    });
  };
  visit(attempt.body, false);
  return found;
}

/** Whether the permit is checked as the request leaves, as `Api.change` does: through the option `leaving`. */
function isWatched({ arguments: [, , options] }: ts.CallExpression): boolean {
  return (
    options !== undefined &&
    ts.isObjectLiteralExpression(options) &&
    options.properties.some((one) => one.name?.getText() === 'leaving')
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
