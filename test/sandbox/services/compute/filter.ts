import { ApiError } from '../../http/api-error.ts';
import { parseFilter, wildcard, type Test } from '../../http/boolean-filter.ts';

/** A resource as the API shows it. */
type Shown = Readonly<Record<string, unknown>>;

/**
 * The `filter` parameter of Compute Engine's list methods: `labels.env = "prod"`, `(a = b) (c != d)`, `AND`, `OR`, `NOT`
 * and, in the older form that gcloud sends, `(name eq ".*(gpu).*")` with RE2 expressions that match the whole value.
 * Source: the reference of `instances.list`. Comparisons by order (`<`, `>`) and `:` are not served: 400.
 */
export function computeFilter(text: string): Test<Shown> {
  return parseFilter<Shown>(text, {
    signs: ['!=', '='],
    comparison(field, operator, wanted) {
      const test = TESTS[operator]?.(wanted);
      if (test === undefined || !/^[A-Za-z][\w.-]*$/.test(field)) return undefined;
      return (resource) => test(valueAt(resource, field));
    },
    invalid: () =>
      new ApiError(
        'INVALID_ARGUMENT',
        `Invalid value for field 'filter': '${text}'. Invalid list filter expression.`,
      ),
  });
}

const TESTS: Readonly<Record<string, (wanted: string) => (value: string | undefined) => boolean>> = {
  '=': (wanted) => (value) => value !== undefined && wildcard(wanted).test(value),
  '!=': (wanted) => (value) => value === undefined || !wildcard(wanted).test(value),
  eq: (wanted) => (value) => value !== undefined && whole(wanted).test(value),
  ne: (wanted) => (value) => value === undefined || !whole(wanted).test(value),
};

function whole(expression: string): RegExp {
  try {
    return new RegExp(`^(?:${expression})$`);
  } catch {
    throw new ApiError(
      'INVALID_ARGUMENT',
      `Invalid value for field 'filter': bad expression '${expression}'.`,
    );
  }
}

/** The scalar at `scheduling.preemptible`, as text; undefined when there is none. */
function valueAt(resource: Shown, field: string): string | undefined {
  let value: unknown = resource;
  for (const name of field.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = (value as Shown)[name];
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
}
