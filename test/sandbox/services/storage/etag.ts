/** Etags are base64 of a small protobuf message with the version numbers, e.g. `CAM=` for a bucket's metageneration 3. */
export function bucketEtag(metageneration: number): string {
  return Buffer.from([0x08, ...varint(BigInt(metageneration))]).toString('base64');
}

export function objectEtag(generation: string, metageneration: number): string {
  const bytes = [0x08, ...varint(BigInt(generation)), 0x10, ...varint(BigInt(metageneration))];
  return Buffer.from(bytes).toString('base64');
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}
