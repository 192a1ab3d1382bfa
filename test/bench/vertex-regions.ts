/** As many regions as Vertex AI has. */
export const VERTEX_REGIONS: readonly string[] = [
  'us-central1',
  ...Array.from({ length: 40 }, (_, at) => `asia-south${at + 1}`),
];
