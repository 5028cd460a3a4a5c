/** Opens the engine on the configured devices, or fails with a sentence an operator can act on. */
import { totalmem } from 'node:os'
import type { Logger } from 'pino'
import type {
  Engine,
  EngineErrorCode,
  EngineEvent,
  EngineOptions,
  openEngine,
} from '../native-rdma/index.js'
import type { GatewayConfig } from './config.ts'
import { GatewayFailure } from './failure.ts'
import { patiently } from './patience.ts'
import type { Identity } from './state.ts'
import { firmwareRevision } from './version.ts'

const indexBytesMin = 2 ** 20

export type OpenEngine = typeof openEngine

export async function startEngine(
  open: OpenEngine,
  { engine }: GatewayConfig,
  controllerIds: Identity['controllerIds'],
  onEvent: (event: EngineEvent) => void,
  log: Logger,
): Promise<Engine> {
  const devices = engine.devices.map((device) => ({ ...device, bytes: BigInt(device.bytes) }))
  const options: EngineOptions = {
    devices,
    reactors: engine.reactors,
    cpus: engine.cpus,
    pollUs: engine.pollUs,
    bufferBytes: BigInt(engine.bufferBytes),
    extentBytes: BigInt(engine.extentBytes),
    segmentBytes: BigInt(engine.segmentBytes),
    checkpointLogBytes: BigInt(engine.checkpointLogBytes),
    indexBytesMax: BigInt(engine.indexBytesMax || shareOfMemory(engine.devices.length)),
    ioWaitMs: engine.ioWaitMs,
    ioQueues: engine.ioQueues,
    controllerIds,
    firmwareRevision,
    onEvent,
  }
  const opened = await patiently('BUSY', () => open(options)).catch((error: Error) => {
    throw new GatewayFailure(describeEngineError(error, 'The engine cannot start'))
  })
  for (const feature of opened.features()) log.info(feature)
  for (const { path, storeId, durability, capacityBytes } of opened.devices()) {
    log.info(
      { device: path, storeId, durability, capacityBytes: Number(capacityBytes) },
      `${path}: store ${storeId}, durability ${durability}`,
    )
  }
  return opened
}

/** What a cgroup allows counts, where there is one. */
function shareOfMemory(stores: number): number {
  const bytes = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
  return Math.max(Math.floor(bytes / 4 / stores), indexBytesMin)
}

export async function listen(engine: Engine, { hosts }: GatewayConfig): Promise<void> {
  const { address, ioPort, discoveryPort } = hosts
  await listenOn(engine, 'io', { address, port: ioPort, setting: 'hosts.ioPort' })
  const discovery = { address, port: discoveryPort, setting: 'hosts.discoveryPort' }
  await listenOn(engine, 'discovery', discovery)
}

/** From then on this node is known to its peers under its number. */
export async function joinCell(
  engine: Engine,
  identity: { readonly cellId: string; readonly nodeId: number; readonly incarnation: string },
  peer: { readonly address: string; readonly port: number },
): Promise<void> {
  const { cellId, nodeId, incarnation } = identity
  const joined = { cellId: uuidBytes(cellId), nodeId, incarnation: incarnationNumber(incarnation) }
  await engine.joinCell(joined).catch((error: Error) => {
    throw new GatewayFailure(describeEngineError(error, `Cell ${cellId} cannot be joined`))
  })
  await listenOn(engine, 'peer', { ...peer, setting: 'peer.port' })
}

async function listenOn(
  engine: Engine,
  service: 'io' | 'discovery' | 'peer',
  { address, port, setting }: { address: string; port: number; setting: string },
): Promise<void> {
  const endpoint = { transport: 'tcp', service, address, port } as const
  await patiently('ADDRESS_IN_USE', () => engine.listen(endpoint)).catch((error: Error) => {
    const what = `Port ${port} of ${address} (${setting}) cannot be listened on`
    throw new GatewayFailure(describeEngineError(error, what))
  })
}

function uuidBytes(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex')
  if (bytes.length === 16) return bytes
  throw new GatewayFailure(`control gave the cell the id ${uuid}, which is no UUID.`)
}

/** The half of the run's UUID that its version and its variant leave random, but for six bits. */
function incarnationNumber(uuid: string): bigint {
  return uuidBytes(uuid).readBigUInt64BE(0)
}

const advice: Partial<Record<EngineErrorCode, string>> = {
  ADDRESS_IN_USE: 'Another process listens there: stop it, or configure another port.',
  BUSY: 'Another process uses the device; is a second gateway running?',
  FOREIGN: 'Its content is left alone; `ashlar device prepare --force` erases it.',
  NO_SPACE: 'The disk is full: free some space on it.',
  UNSUPPORTED: 'Check that the kernel allows io_uring: sudo sysctl kernel.io_uring_disabled=0',
  DEVICE_FAILED: 'The device does not work; the kernel log may say why.',
  CORRUPT: 'What the device holds is damaged.',
}

/** One sentence of what, the engine's own words, and what to do about it. */
export function describeEngineError(error: Error & { code?: unknown }, what: string): string {
  const hint = advice[error.code as EngineErrorCode]
  const said = error.message.replace(/\.$/, '')
  return hint ? `${what}: ${said}. ${hint}` : `${what}: ${said}.`
}
