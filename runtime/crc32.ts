/** The CRC-32 of ZIP, PNG and Ethernet (reflected polynomial edb88320), in any number of pieces. */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (-(remainder & 1) & 0xedb88320);
  return remainder;
});

/** The checksum of `bytes`, or of what `before` is the checksum of followed by `bytes`. 0 to 2^32 − 1. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let remainder = ~before;
  for (let i = 0; i < bytes.length; i++) {
    remainder = (remainder >>> 8) ^ TABLE[(remainder ^ bytes[i]!) & 0xff]!;
  }
  return ~remainder >>> 0;
}
