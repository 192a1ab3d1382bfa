import { tag, type Child, type Markup } from './markup.ts';
import { wholeText } from './text.ts';

/** A longer name is folded, and no name that Google gives. */
const MAX_LINK_LENGTH = 160;

const CONSOLE = 'https://console.cloud.google.com';

/**
 * Where Google's console shows a resource: `projects/P/zones/Z/instances/N` (Compute Engine takes a numeric id as well),
 * `projects/P/locations/Z/instances/N` (Workbench), `gs://BUCKET` with or without words behind it. Undefined for others.
 */
export function consoleUrl(resource: string): string | undefined {
  const [, project, place, zone, name] =
    /^projects\/([^/]+)\/(zones|locations)\/([^/]+)\/instances\/([^/]+)$/.exec(resource) ?? [];
  if (project !== undefined && zone !== undefined && name !== undefined) {
    const query = `?project=${encodeURIComponent(project)}`;
    return place === 'zones'
      ? `${CONSOLE}/compute/instancesDetail/zones/${encodeURIComponent(zone)}/instances/${encodeURIComponent(name)}${query}`
      : `${CONSOLE}/vertex-ai/workbench/locations/${encodeURIComponent(zone)}/instances/${encodeURIComponent(name)}${query}`;
  }
  const bucket = /^gs:\/\/([a-z0-9][a-z0-9._-]*)(?: |$)/.exec(resource)?.[1];
  return bucket === undefined ? undefined : `${CONSOLE}/storage/browser/${encodeURIComponent(bucket)}`;
}

/** A resource's name, with a link to where Google's console shows it. */
export function resourceText(resource: string): Child {
  const url = consoleUrl(resource);
  if (url === undefined || resource.length > MAX_LINK_LENGTH) return wholeText(resource);
  return tag('a', { href: url, rel: 'noreferrer', target: '_blank' }, wholeText(resource));
}

/** Names of resources below each other, with their links. */
export function resourceList(resources: readonly string[]): Markup {
  return tag(
    'ul',
    {},
    resources.map((resource) => tag('li', {}, resourceText(resource))),
  );
}
