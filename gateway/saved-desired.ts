/**
 * What control last told this gateway, kept on its own disk.
 *
 * A gateway that starts while control is away serves this at once, so hosts reconnect by
 * themselves. That is safe however old it is: the members of a placement group refuse the epoch of
 * a configuration that was replaced, and the fence of a volume that is served elsewhere.
 */
import { join } from 'node:path'
import Type from 'typebox'
import type { Desired } from '../control/contract/messages.ts'
import { readStateFile, writeStateFile } from './state-file.ts'

const number = Type.Integer({ minimum: 0 })
const role = Type.Union(
  (['ROLE_UNSPECIFIED', 'IN_SYNC', 'JOINING'] as const).map((name) => Type.Literal(name)),
)
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
  // Missing from before there were any.
  groups: Type.Optional(
    Type.Array(
      Type.Object({
        number,
        epoch: number,
        primary: number,
        minInSync: number,
        members: Type.Array(Type.Object({ node: number, role })),
      }),
    ),
  ),
  peers: Type.Optional(
    Type.Array(
      Type.Object({
        node: number,
        endpoint: Type.Union([Type.Object({ address: Type.String(), port: number }), Type.Null()]),
        name: Type.String(),
      }),
    ),
  ),
})

export function readSavedDesired(folder: string): Desired | undefined {
  const saved = readStateFile(pathIn(folder), savedSchema)
  if (!saved) return undefined
  const { version: _, groups = [], peers = [], ...desired } = saved
  return {
    ...desired,
    groups,
    peers,
    // It waits for control: a scrub is nobody's way to data.
    scrub: null,
    volumes: saved.volumes.map((volume) => ({
      ...volume,
      uuid: Buffer.from(volume.uuid, 'hex'),
      extentMap: Buffer.from(volume.extentMap, 'base64'),
    })),
  }
}

export async function saveDesired(folder: string, desired: Desired): Promise<void> {
  const { revision, deletedVolumeIds, discovery, groups, peers } = desired
  const volumes = desired.volumes.map((volume) => ({
    ...volume,
    uuid: Buffer.from(volume.uuid).toString('hex'),
    extentMap: Buffer.from(volume.extentMap).toString('base64'),
  }))
  const saved = { version: 1, revision, volumes, deletedVolumeIds, discovery, groups, peers }
  await writeStateFile(pathIn(folder), saved)
}

const pathIn = (folder: string) => join(folder, 'desired.json')
