/** Nodes and racks as the API gives them. */
import { Type } from 'typebox'
import { nodeDrains } from '../../model/node-drain.ts'
import { nodeHealths } from '../../session/fleet.ts'
import { type Address, pageOf, pageQueryProperties, refTo, textOf } from './common.ts'

const bytes = (description: string) => Type.Integer({ minimum: 0, description })

const capacityProperties = {
  capacityBytes: bytes('What its devices hold, failed ones left out.'),
  usedBytes: bytes('What is written on them.'),
  provisionedBytes: bytes('What volumes may come to hold there: each copy counts.'),
  freeBytes: bytes('What can still be provisioned, overcommit included.'),
}

const storeSchema = Type.Object(
  {
    hostWrittenBytes: bytes('By hosts.'),
    deviceWrittenBytes: bytes('To the device: the log, what was moved, the index.'),
    movedWrittenBytes: bytes('Of that, by compaction.'),
    indexWrittenBytes: bytes('Of that, by checkpoints and evicted pages of the index.'),
    writeAmplification: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'deviceWrittenBytes for each byte of hostWrittenBytes, once there are some.',
      }),
    ),
    checkpoints: Type.Integer({ minimum: 0, description: 'Of the index.' }),
    logTailBytes: bytes('What a start of the gateway would replay now.'),
    indexBytes: bytes('Memory that the index takes.'),
    indexHits: Type.Integer({ minimum: 0, description: 'Pages of the index found in memory.' }),
    indexMisses: Type.Integer({ minimum: 0, description: 'Pages that had to be read.' }),
    erasingBytes: bytes('Deleted or deallocated, and not yet given back.'),
    checksumErrors: Type.Integer({
      minimum: 0,
      description: 'Damaged blocks, counted at every read.',
    }),
  },
  { description: 'How its store works, counted since its gateway started; while it is heard.' },
)

const deviceSchema = Type.Object({
  path: Type.String({ examples: ['/var/lib/ashlar/disk-0'] }),
  storeId: Type.String({ description: 'Empty until the device is formatted.' }),
  capacityBytes: bytes('Its size.'),
  usedBytes: bytes('What the log takes.'),
  liveBytes: bytes('What of it can still be read.'),
  durability: Type.String({
    description: '`flush`: writes are flushed. `none`: the device has no volatile cache.',
    examples: ['flush'],
  }),
  failed: Type.Boolean(),
  store: Type.Optional(storeSchema),
})

export const nodeSchema = Type.Object(
  {
    name: Type.String({ examples: ['n1'] }),
    rack: Type.String({ examples: ['r1'] }),
    zone: Type.Optional(Type.String()),
    health: textOf(
      nodeHealths,
      'alive: its gateway has a session. silent: not heard for a while. gone: not heard for long.',
    ),
    reason: Type.Optional(Type.String({ description: 'A sentence: why it is not healthy.' })),
    number: Type.Integer({ minimum: 0, description: 'By which other gateways know it, for good.' }),
    drain: textOf(
      nodeDrains,
      'none: it holds what it shall. draining: it is emptied. drained: it holds nothing any more.',
    ),
    placementGroups: Type.Integer({ minimum: 0, description: 'That it is a member of.' }),
    address: refTo<Address>('Address'),
    discoveryAddress: refTo<Address>('Address'),
    softwareVersion: Type.String(),
    incarnation: Type.String({ description: "New at every start of the node's gateway." }),
    hostConnections: Type.Integer({ minimum: 0 }),
    devices: Type.Array(deviceSchema),
    ...capacityProperties,
    registeredAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'Node' },
)

export type NodeBody = Type.Static<typeof nodeSchema>

export const nodeListSchema = pageOf('NodeList', refTo<NodeBody>('Node'))

export type NodeListBody = Type.Static<typeof nodeListSchema>

export const nodeListQuerySchema = Type.Object(
  {
    ...pageQueryProperties,
    rack: Type.Optional(Type.String({ maxLength: 255, description: 'Only nodes of this rack.' })),
    health: Type.Optional(textOf(nodeHealths, 'Only nodes of this health.')),
  },
  { additionalProperties: false },
)

export type NodeListQuery = Type.Static<typeof nodeListQuerySchema>

export const rackSchema = Type.Object(
  {
    name: Type.String({ examples: ['r1'] }),
    nodes: Type.Integer({ minimum: 1 }),
    aliveNodes: Type.Integer({ minimum: 0 }),
    ...capacityProperties,
  },
  { $id: 'Rack' },
)

export type RackBody = Type.Static<typeof rackSchema>

export const rackListSchema = Type.Object(
  { items: Type.Array(refTo<RackBody>('Rack')) },
  { $id: 'RackList' },
)

export type RackListBody = Type.Static<typeof rackListSchema>
