/** The last part of a path or URL: `us-central1-a` of `zones/us-central1-a`; text without a slash as it is. */
export function resourceId(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/**
 * Whether a name leads to what it says when it stands in an address. `..`, also escaped, a backslash, `?`, `#` and line breaks lead
 * elsewhere: `projects/A/../B/zones/Z/instances/I` is a VM of B. Source: https://url.spec.whatwg.org/#path-state
 */
export function isPlainName(name: string): boolean {
  const address = `https://host/${name}`;
  return !/[?#%]/.test(name) && URL.canParse(address) && new URL(address).href === address;
}

/**
 * Whether a name that Google answers with is of what was requested. The one may name the project by its id and the other by its number,
 * as at Vertex AI; nothing else may differ. A part of the request that is `-` stands for any.
 */
export function isNameOf(
  name: string,
  requested: string,
  isProject: (named: string, requested: string) => boolean = mayBeProject,
): boolean {
  const [named, wanted] = [name.split('/'), requested.split('/')];
  return (
    named.length === wanted.length &&
    wanted.every((part, at) => {
      const other = named[at] ?? '';
      if (at === 1 && wanted[0] === 'projects') return isProject(other, part);
      return other === part || (part === '-' && other !== '');
    })
  );
}

/** Whether a project that Google names may be the one that was requested: where one is an id and the other a number, that is unknown. */
export function mayBeProject(named: string, requested: string): boolean {
  return named === requested || (named !== '' && isNumber(named) !== isNumber(requested));
}

/** Tells whether a project that an answer names, by its id or its number, is the one that is looked at. */
export type OfProject = (named: string) => boolean;

/**
 * What is listed of a project: services differ in whether they name it by its id or by its number. Where the number is not known, the
 * first one that is named counts as its own, and a second one is that of another project.
 */
export function ofProject(projectId: string, number?: string): OfProject {
  let known = number;
  return (named) => {
    if (named === projectId) return true;
    if (!mayBeProject(named, projectId)) return false;
    known ??= named;
    return named === known;
  };
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

/** By what an answer of Compute Engine says what it is about. */
export interface ComputeSelf {
  readonly name: string;
  /** The numeric id, by which a request may name it too. */
  readonly id?: string | undefined;
  /** `https://www.googleapis.com/compute/v1/projects/P/zones/Z/instances/N`; its scope is that of the request where it is absent. */
  readonly selfLink?: string | undefined;
}

/** The name of what an answer of Compute Engine is about, to be compared with the requested one. */
export function computeName({ name, id, selfLink }: ComputeSelf, requested: string): string {
  const scope = (selfLink ?? requested).replace(/^.*?\/projects\//, 'projects/').replace(/[^/]*$/, '');
  return `${scope}${id === resourceId(requested) ? id : name}`;
}

/** `billingAccounts/A` of `billingAccounts/A/budgets/B`. */
export function accountOf(budget: string): string {
  return budget.split('/').slice(0, 2).join('/');
}

/** The ids in the name of a budget, which gcloud takes one by one: `A` and `B` of `billingAccounts/A/budgets/B`. */
export function budgetIds(budget: string): { readonly account: string; readonly id: string } {
  return { account: resourceId(accountOf(budget)), id: resourceId(budget) };
}
