import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiData, Discovery, MethodData } from './model.ts';

export interface FoundMethod {
  /** As the discovery document spells it, e.g. `storage.buckets.patch`. */
  readonly id: string;
  /** `storage:v1`. */
  readonly apiKey: string;
  readonly api: ApiData;
  readonly method: MethodData;
  /** The request is to one of the paths for media. */
  readonly media: boolean;
}

interface Entry extends FoundMethod {
  readonly path: RegExp;
  /** How much of the path is fixed text: the more, the better a match. */
  readonly fixed: number;
}

export const discovery = JSON.parse(
  readFileSync(join(import.meta.dirname, 'discovery.json'), 'utf8'),
) as Discovery;

/** `us-central1-aiplatform.googleapis.com` and `us-central1-run.…`: locational endpoints of the same API. */
const LOCATION = /^(?:[a-z]+-[a-z]+\d+)-(?=[a-z]+\.googleapis\.com$)/;

/** The host of Google's older APIs beside their own. */
const SHARED_HOST = 'www.googleapis.com';

const byHostAndVerb = new Map<string, Entry[]>();
for (const [apiKey, api] of Object.entries(discovery.apis))
  for (const [id, method] of Object.entries(api.methods))
    method.paths.forEach((template, index) => {
      const key = `${api.host} ${method.verb}`;
      const literal = template.replace(/\{[^}]+\}/g, '');
      const entry = {
        id,
        apiKey,
        api,
        method,
        media: index > 0,
        path: pathOf(template),
        fixed: literal.length,
      };
      byHostAndVerb.set(key, [...(byHostAndVerb.get(key) ?? []), entry]);
    });

/** Each `{x}` is one segment, and the custom verb after a colon is none of it. */
function pathOf(template: string): RegExp {
  const source = template
    .split(/\{[^}]+\}/)
    .map((literal) => literal.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^/:]+');
  return new RegExp(`^(?:/download)?${source}$`);
}

/** The method of Google's that a request is for; undefined when none of those frozen has this verb and path. */
export function findMethod(verb: string, host: string, path: string): FoundMethod | undefined {
  const plain = host.replace(LOCATION, '');
  const hosts = plain === SHARED_HOST ? ['storage.googleapis.com', 'compute.googleapis.com'] : [plain];
  const found = hosts
    .flatMap((one) => byHostAndVerb.get(`${one} ${verb}`) ?? [])
    .filter((entry) => entry.path.test(path) || entry.path.test(decoded(path)));
  return found.reduce<Entry | undefined>(
    (best, entry) => (best === undefined || entry.fixed > best.fixed ? entry : best),
    undefined,
  );
}

function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
