/**
 * What control last told this gateway, kept on its own disk.
 *
 * A gateway that starts while control is away serves this at once, so hosts reconnect by
 * themselves. That is safe because a volume has one home that never moves: nobody else can have
 * been told to serve it meanwhile, and the fence saved with it is refused as soon as a newer one
 * was seen. Once volumes move between gateways, the leases of their placement groups decide
 * instead.
 */
import { join } from 'node:path'
import Type from 'typebox'
import type { Desired } from '../control/contract/messages.ts'
import { readStateFile, writeStateFile } from './state-file.ts'

const number = Type.Integer({ minimum: 0 })
const savedSchema = Type.Object({
  version: Type.Literal(1),
  revision: number,
  volumes: Type.Array(
    Type.Object({
      volumeId: number,
      uuid: Type.String(),
      subsystemNqn: Type.String(),
      serial: Type.String(),
      model: Type.String(),
      blockCount: number,
      extentMap: Type.String(),
      fence: number,
      allowedHosts: Type.Array(Type.String()),
    }),
  ),
  deletedVolumeIds: Type.Array(number),
  discovery: Type.Array(
    Type.Object({
      hostNqn: Type.String(),
      subsystemNqn: Type.String(),
      address: Type.String(),
      port: number,
    }),
  ),
})

export function readSavedDesired(folder: string): Desired | undefined {
  const saved = readStateFile(pathIn(folder), savedSchema)
  if (!saved) return undefined
  const { version: _, ...desired } = saved
  return {
    ...desired,
    // It waits for control: a scrub is nobody's way to data.
    scrub: null,
    groups: [],
    peers: [],
    volumes: saved.volumes.map((volume) => ({
      ...volume,
      uuid: Buffer.from(volume.uuid, 'hex'),
      extentMap: Buffer.from(volume.extentMap, 'base64'),
    })),
  }
}

export async function saveDesired(folder: string, desired: Desired): Promise<void> {
  const { revision, deletedVolumeIds, discovery } = desired
  const volumes = desired.volumes.map((volume) => ({
    ...volume,
    uuid: Buffer.from(volume.uuid).toString('hex'),
    extentMap: Buffer.from(volume.extentMap).toString('base64'),
  }))
  const saved = { version: 1, revision, volumes, deletedVolumeIds, discovery }
  await writeStateFile(pathIn(folder), saved)
}

const pathIn = (folder: string) => join(folder, 'desired.json')
