/** Bytes that are taken at once ("slicing by eight", M. Kounavis and F. Berry, 2005): several times as fast as one by one. */
const SLICE = 8;

/**
 * For each place in a slice what a byte there adds, 256 entries a place; the polynomial is Castagnoli's, bit-reversed. Place 0 is
 * the usual table of one step per byte.
 */
const TABLE = new Uint32Array(SLICE * 256);
for (let byte = 0; byte < 256; byte += 1) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  TABLE[byte] = crc;
}
for (let index = 256; index < TABLE.length; index += 1) {
  const before = at(index - 256);
  TABLE[index] = (before >>> 8) ^ at(before & 0xff);
}

function at(index: number): number {
  return TABLE[index] ?? 0;
}

/** CRC-32C as Cloud Storage writes it: base64 of the four bytes, big-endian. (`zlib.crc32` is the other polynomial.) */
export function crc32c(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - (bytes.length % SLICE);
  let crc = 0xffffffff;
  for (let offset = 0; offset < whole; offset += SLICE) {
    const low = crc ^ view.getUint32(offset, true);
    const high = view.getUint32(offset + 4, true);
    crc =
      at(0x700 + (low & 0xff)) ^
      at(0x600 + ((low >>> 8) & 0xff)) ^
      at(0x500 + ((low >>> 16) & 0xff)) ^
      at(0x400 + (low >>> 24)) ^
      at(0x300 + (high & 0xff)) ^
      at(0x200 + ((high >>> 8) & 0xff)) ^
      at(0x100 + ((high >>> 16) & 0xff)) ^
      at(high >>> 24);
  }
  for (const byte of bytes.subarray(whole)) crc = at((crc ^ byte) & 0xff) ^ (crc >>> 8);
  const out = Buffer.alloc(4);
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return out.toString('base64');
}
