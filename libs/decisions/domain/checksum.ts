/** Four tables of CRC-32 (reflected polynomial edb88320, as in IEEE 802.3), so that four bytes are taken in at once. */
const tables = new Int32Array(1_024);
for (let index = 0; index < 256; index += 1) {
  let sum = index;
  for (let bit = 0; bit < 8; bit += 1) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0xed_b8_83_20 : sum >>> 1;
  tables[index] = sum;
}
for (let index = 256; index < 1_024; index += 1) {
  const before = tables[index - 256] ?? 0;
  tables[index] = (before >>> 8) ^ (tables[before & 255] ?? 0);
}

/** CRC-32 of the bytes, unsigned. Finds what was damaged on its way, not what somebody changed on purpose. */
export function checksum(bytes: Uint8Array): number {
  const { length } = bytes;
  let sum = -1;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    sum ^=
      byte(bytes, at) |
      (byte(bytes, at + 1) << 8) |
      (byte(bytes, at + 2) << 16) |
      (byte(bytes, at + 3) << 24);
    sum = entry(768, sum) ^ entry(512, sum >>> 8) ^ entry(256, sum >>> 16) ^ entry(0, sum >>> 24);
  }
  for (; at < length; at += 1) sum = (sum >>> 8) ^ entry(0, sum ^ byte(bytes, at));
  return (sum ^ -1) >>> 0;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function entry(table: number, index: number): number {
  return tables[table + (index & 255)] ?? 0;
}
