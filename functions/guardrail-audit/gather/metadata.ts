import * as z from 'zod/mini';
import { parseAnswer } from '../../../shared/google/parse-answer.ts';
import type { MetadataFacts } from '../facts.ts';
import type { Reading } from '../reading.ts';
import { attempt, type Look } from './attempt.ts';
import { field, scanTexts, textsOfPairs, type PlacedText } from './texts.ts';

/**
 * Keys that name where a script lies: of Compute Engine and of Workbench. Sources:
 * https://cloud.google.com/compute/docs/instances/startup-scripts/windows, https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-metadata
 */
const SCRIPT_KEYS = [
  'startup-script-url',
  'shutdown-script-url',
  'post-startup-script',
  'windows-startup-script-url',
  'windows-shutdown-script-url',
  'sysprep-specialize-script-url',
];

/** The texts of Compute Engine's `Metadata`. Unchecked: a check would quote what it did not expect. */
export function textsOfMetadata(metadata: unknown, prefix: string): readonly PlacedText[] {
  return textsOfPairs(field(metadata, 'items'), prefix);
}

/** Whether it is what the API documents, so that nothing of it was passed over. */
export function isMetadata(metadata: unknown): boolean {
  if (metadata === undefined || metadata === null) return true;
  const items = field(metadata, 'items') ?? [];
  return (
    typeof metadata === 'object' &&
    Array.isArray(items) &&
    items.every((item: unknown) => {
      const value = field(item, 'value') ?? '';
      return typeof field(item, 'key') === 'string' && typeof value === 'string';
    })
  );
}

/** The scripts that metadata names, as they stand there: an address may hold a credential. */
export function scriptUrlsOf(texts: readonly PlacedText[]): readonly string[] {
  return texts
    .filter(({ name, text }) => SCRIPT_KEYS.includes(name ?? '') && text.trim() !== '')
    .map(({ text }) => text.trim().toWellFormed());
}

const projectSchema = z.looseObject({
  name: z.string(),
  commonInstanceMetadata: z.optional(z.unknown()),
});

/**
 * What every machine of the project sees beside its own metadata, startup scripts among it. Needs compute.projects.get.
 * Sources: https://cloud.google.com/compute/docs/metadata/overview, https://cloud.google.com/compute/docs/reference/rest/v1/projects/get
 */
export function readProjectMetadata(look: Look): Promise<Reading<MetadataFacts>> {
  const { api, projectId, digestOf } = look;
  return attempt(look, 'the metadata of the project', async () => {
    const call = 'compute.projects.get';
    const answer = await api.request(call, {
      url: `https://compute.googleapis.com/compute/v1/projects/${encodeURIComponent(projectId)}`,
      query: { fields: 'name,commonInstanceMetadata/items(key,value)' },
    });
    const { commonInstanceMetadata: metadata } = parseAnswer(call, projectSchema, answer);
    const texts = textsOfMetadata(metadata, 'project-metadata');
    return {
      value: {
        places: scanTexts(`projects/${projectId}`, texts, digestOf),
        scriptUrls: scriptUrlsOf(texts),
      },
      gaps: isMetadata(metadata) ? [] : ['the metadata of the project has another form than documented'],
    };
  });
}
