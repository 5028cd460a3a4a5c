/**
 * Who this gateway is, on its own disk: its name, its stores and what the cell gave it for good.
 *
 * Placement groups are spread over the stores by their ids, so another set of stores would look for
 * blocks where they are not: a gateway keeps the set it began with, or does not start.
 * So a node's number is good enough to name a member of a placement group: who has it has the
 * blocks.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import type { DeviceStatus } from '../native-rdma/index.js'
import type { GatewayConfig } from './config.ts'
import { GatewayFailure } from './failure.ts'
import { readStateFile, writeStateFile } from './state-file.ts'

const identitySchema = Type.Object({
  version: Type.Literal(1),
  nodeName: Type.String(),
  /** What peers know it by; missing from before there were any. */
  nodeNumber: Type.Optional(Type.Integer({ minimum: 1 })),
  cellId: Type.String(),
  extentBytes: Type.Integer(),
  storeIds: Type.Array(Type.String(), { minItems: 1 }),
  controllerIds: Type.Object({ first: Type.Integer(), last: Type.Integer() }),
})

export type Identity = Static<typeof identitySchema>

/**
 * What is remembered; undefined at a gateway's first start. Refuses a configuration that is
 * another's.
 */
export function readIdentity(config: GatewayConfig): Identity | undefined {
  const path = pathIn(config)
  makeFolder(config.stateFolder)
  const identity = readStateFile(path, identitySchema)
  if (!identity) return undefined
  const { node, engine } = config
  if (identity.nodeName !== node.name)
    throw new GatewayFailure(
      `${path} belongs to node ${identity.nodeName}, but node.name is ${node.name}.`,
    )
  if (identity.extentBytes !== engine.extentBytes)
    throw new GatewayFailure(
      `The stores were made with extents of ${identity.extentBytes} bytes, ` +
        `but engine.extentBytes is ${engine.extentBytes}.`,
    )
  checkDevices(identity, engine.devices)
  return identity
}

/** Before the engine opens the devices, because it would format what is new. */
function checkDevices(identity: Identity, devices: GatewayConfig['engine']['devices']): void {
  if (devices.length !== identity.storeIds.length)
    throw new GatewayFailure(
      `This gateway began with ${identity.storeIds.length} devices, but engine.devices names ` +
        `${devices.length}. A gateway keeps the devices it began with.`,
    )
  const missing = devices.find(({ path }) => !existsSync(path))
  if (missing)
    throw new GatewayFailure(
      `${missing.path} is missing, and it holds data. Bring the device back under this name.`,
    )
}

export interface Found extends Pick<Identity, 'cellId' | 'controllerIds'> {
  readonly nodeNumber: number
  readonly devices: readonly Pick<DeviceStatus, 'path' | 'storeId' | 'liveBytes'>[]
}

/** Refuses other stores than it began with; remembers them at the first start. */
export async function keepIdentity(
  config: GatewayConfig,
  known: Identity | undefined,
  { cellId, controllerIds, devices, nodeNumber }: Found,
): Promise<void> {
  const storeIds = devices.map(({ storeId }) => storeId).toSorted()
  if (known) {
    checkStores(known.storeIds, storeIds)
    if (known.nodeNumber === undefined)
      await writeStateFile(pathIn(config), { ...known, nodeNumber })
    return
  }
  // Another cell gives the same numbers to other volumes: they would show these blocks.
  const used = devices.find(({ liveBytes }) => liveBytes > 0n)
  if (used)
    throw new GatewayFailure(
      `${used.path} holds the data of a gateway, but ${pathIn(config)} is not there to ` +
        'say whose. Bring the state folder back, or use an erased device.',
    )
  const { node, engine } = config
  const identity: Identity = {
    version: 1,
    nodeName: node.name,
    nodeNumber,
    cellId,
    extentBytes: engine.extentBytes,
    storeIds,
    controllerIds,
  }
  await writeStateFile(pathIn(config), identity)
}

function checkStores(known: readonly string[], found: readonly string[]): void {
  const absent = known.filter((id) => !found.includes(id))
  if (absent.length === 0) return
  throw new GatewayFailure(
    `The devices are not those this gateway began with: store ${absent.join(', ')} is missing, ` +
      `found are ${found.join(', ')}.`,
  )
}

const pathIn = ({ stateFolder }: GatewayConfig) => join(stateFolder, 'identity.json')

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new GatewayFailure(`The folder ${folder} cannot be made: ${(error as Error).message}.`)
  }
}
