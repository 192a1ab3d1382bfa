import { ApiError } from '../http/api-error.ts';

/** google.type.Expr of a conditional role binding. */
export interface Condition {
  readonly title: string;
  readonly description?: string | undefined;
  /** CEL. */
  readonly expression: string;
}

/** What a condition sees of the resource that a request is about. */
export interface ConditionResource {
  readonly name: string;
  readonly type: string;
  readonly service: string;
}

type Test = (resource: ConditionResource) => boolean;

/** Of one condition. Source: https://cloud.google.com/iam/quotas */
const MAX_LOGICAL_OPERATORS = 12;

/**
 * Reads the part of CEL that conditions on names and types of resources use: `==`, `!=`, `startsWith`, `endsWith`, `!`, `&&`, `||`.
 * Throws INVALID_ARGUMENT with more operators than IAM takes, UNIMPLEMENTED for what else CEL has.
 * Source: https://cloud.google.com/iam/docs/conditions-attribute-reference
 */
export function parseCondition({ expression }: Pick<Condition, 'expression'>): Test {
  const tokens = tokensOf(expression);
  if (tokens.filter((token) => /^(?:!|&&|\|\|)$/.test(token)).length > MAX_LOGICAL_OPERATORS)
    throw new ApiError('INVALID_ARGUMENT', `A condition takes ${MAX_LOGICAL_OPERATORS} logical operators.`);
  const rest = [...tokens];
  const next = (): string => rest.shift() ?? '';
  const expect = (token: string): void => {
    if (next() !== token) throw notImitated(expression);
  };
  const either = (): Test => {
    const sides = [both()];
    while (rest[0] === '||') {
      next();
      sides.push(both());
    }
    return (resource) => sides.some((side) => side(resource));
  };
  const both = (): Test => {
    const sides = [single()];
    while (rest[0] === '&&') {
      next();
      sides.push(single());
    }
    return (resource) => sides.every((side) => side(resource));
  };
  const single = (): Test => {
    const token = next();
    if (token === '!') {
      const inner = single();
      return (resource) => !inner(resource);
    }
    if (token === '(') {
      const inner = either();
      expect(')');
      return inner;
    }
    const [, key, method] = /^resource\.(name|type|service)(?:\.(startsWith|endsWith))?$/.exec(token) ?? [];
    if (key !== 'name' && key !== 'type' && key !== 'service') throw notImitated(expression);
    if (method === undefined) {
      const operator = next();
      if (operator !== '==' && operator !== '!=') throw notImitated(expression);
      const text = textOf(next(), expression);
      return (resource) => (resource[key] === text) === (operator === '==');
    }
    expect('(');
    const text = textOf(next(), expression);
    expect(')');
    return (resource) =>
      method === 'startsWith' ? resource[key].startsWith(text) : resource[key].endsWith(text);
  };
  const test = either();
  if (rest.length > 0) throw notImitated(expression);
  return test;
}

function tokensOf(expression: string): readonly string[] {
  const tokens = expression.match(/"[^"\\]*"|'[^'\\]*'|&&|\|\||==|!=|[!()]|[\w.]+|\S/g);
  return tokens ?? [];
}

function textOf(token: string, expression: string): string {
  const [, double, single] = /^(?:"(.*)"|'(.*)')$/.exec(token) ?? [];
  const text = double ?? single;
  if (text === undefined) throw notImitated(expression);
  return text;
}

function notImitated(expression: string): ApiError {
  return new ApiError('UNIMPLEMENTED', `The sandbox does not evaluate the condition ${expression}`);
}
