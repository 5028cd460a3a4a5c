/** A volume's map, packed: 4 bytes little-endian per extent, the number of its placement group. */

export function packExtentMap(placementGroups: readonly number[]): Uint8Array {
  const packed = Buffer.alloc(placementGroups.length * 4)
  placementGroups.forEach((number, index) => {
    packed.writeUInt32LE(number, index * 4)
  })
  return packed
}

export function unpackExtentMap(packed: Uint8Array): number[] {
  if (packed.length % 4 !== 0)
    throw new Error(`an extent map of ${packed.length} bytes is torn: it has 4 bytes per extent`)
  const buffer = Buffer.from(packed.buffer, packed.byteOffset, packed.length)
  return Array.from({ length: packed.length / 4 }, (_, index) => buffer.readUInt32LE(index * 4))
}
