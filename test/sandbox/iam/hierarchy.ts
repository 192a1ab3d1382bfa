/** What stands above what: `buckets/b` -> `projects/p` -> `folders/1` -> `organizations/2`. */
export interface Hierarchy {
  /** Adds what a service knows about its own resources; undefined for others. */
  add(parentOf: (resource: string) => string | undefined): void;
  parentOf(resource: string): string | undefined;
  /** The resource and all above it. */
  ancestry(resource: string): readonly string[];
  /** Id of the project that a resource belongs to. */
  projectOf(resource: string): string | undefined;
}

export function createHierarchy(): Hierarchy {
  const known: ((resource: string) => string | undefined)[] = [];
  const parentOf = (resource: string): string | undefined => {
    for (const look of known) {
      const above = look(resource);
      if (above !== undefined) return above;
    }
    // Whatever is in a project and no service says more about: `projects/p/topics/t`.
    return /^(projects\/[^/]+)\/.+/.exec(resource)?.[1];
  };
  const ancestry = (resource: string): readonly string[] => {
    const above = parentOf(resource);
    return above === undefined ? [resource] : [resource, ...ancestry(above)];
  };
  return {
    add: (look) => void known.push(look),
    parentOf,
    ancestry,
    projectOf: (resource) =>
      ancestry(resource)
        .find((at) => /^projects\/[^/]+$/.test(at))
        ?.slice('projects/'.length),
  };
}
