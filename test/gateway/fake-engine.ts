/** An engine that only remembers: what it was told, in order, and what it is to answer. */
import type {
  DeviceStatus,
  DiscoveryEntry,
  Engine,
  EngineEvent,
  EngineOptions,
  HostConnection,
  VolumeConfig,
} from '../../native-rdma/index.js'

export interface FakeEngine extends Engine {
  /** As `attach 5`, in order. */
  readonly calls: string[]
  readonly volumes: Map<bigint, VolumeConfig>
  options: EngineOptions | undefined
  discovery: readonly DiscoveryEntry[]
  storeIds: string[]
  hosts: HostConnection[]
  failedDevices: boolean
  /** The next call with this name, such as `attach 5`, waits for it; a rejection fails the call. */
  answers: Map<string, Promise<void>>
  /** As `openEngine` of the addon. */
  open(options: EngineOptions): Promise<Engine>
  emit(event: EngineEvent): void
}

export function engineError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, detail: 0 })
}

export function createFakeEngine(): FakeEngine {
  const call = async (name: string) => {
    engine.calls.push(name)
    const answer = engine.answers.get(name)
    engine.answers.delete(name)
    await answer
  }
  const engine: FakeEngine = {
    calls: [],
    volumes: new Map(),
    options: undefined,
    discovery: [],
    storeIds: ['store-a'],
    hosts: [],
    failedDevices: false,
    answers: new Map(),
    async open(options) {
      engine.options = options
      await call('open')
      return engine
    },
    emit: (event) => engine.options?.onEvent(event),
    async listen({ service, port }) {
      await call(`listen ${service}`)
      return port
    },
    async attachVolume(config) {
      await call(`attach ${config.volumeId}`)
      engine.volumes.set(config.volumeId, config)
    },
    async detachVolume(volumeId) {
      await call(`detach ${volumeId}`)
      engine.volumes.delete(volumeId)
    },
    deleteVolume: (volumeId) => call(`delete ${volumeId}`),
    async setDiscovery(entries) {
      await call(`discovery ${entries.length}`)
      engine.discovery = entries
    },
    attachRamVolume: () => call('ram'),
    devices: () => engine.storeIds.map((storeId) => describeDevice(engine, storeId)),
    connections: () => engine.hosts,
    features: () => ['io_uring is there.'],
    readCounters(counters) {
      counters.fill(7n)
    },
    close: () => call('close'),
  }
  return engine
}

function describeDevice(engine: FakeEngine, storeId: string): DeviceStatus {
  return {
    path: `/dev/${storeId}`,
    storeId,
    capacityBytes: 1000n,
    usedBytes: 20n,
    liveBytes: 10n,
    durability: 'flush',
    failed: engine.failedDevices,
  }
}
