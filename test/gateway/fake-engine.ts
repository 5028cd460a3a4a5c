/** An engine that only remembers: what it was told, in order, and what it is to answer. */
import type {
  CellIdentity,
  DeviceStatus,
  DiscoveryEntry,
  Engine,
  EngineEvent,
  EngineOptions,
  GroupConfig,
  GroupStatus,
  HostConnection,
  PeerAddress,
  PeerStatus,
  ScrubProgress,
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
  identity: CellIdentity | undefined
  peerPort: number
  peerAddresses: readonly PeerAddress[]
  groupConfigs: readonly GroupConfig[]
  groupStates: GroupStatus[]
  peerStates: PeerStatus[]
  /** How each store's scrub is, where a test has said so. */
  readonly scrubs: Map<string, ScrubProgress>
  /** The next calls of this name, such as `attach 5`, fail. */
  fail(name: string, error: Error, times?: number): void
  /** The next call of this name waits until the answer is called. */
  hold(name: string): () => void
  /** As `openEngine` of the addon. */
  open(options: EngineOptions): Promise<Engine>
  emit(event: EngineEvent): void
}

export function engineError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, detail: 0 })
}

export function createFakeEngine(): FakeEngine {
  const answers = new Map<string, () => Promise<void>>()
  const call = async (name: string) => {
    engine.calls.push(name)
    const answer = answers.get(name)
    answers.delete(name)
    await answer?.()
  }
  const engine: FakeEngine = {
    calls: [],
    volumes: new Map(),
    options: undefined,
    discovery: [],
    storeIds: ['store-a'],
    hosts: [],
    identity: undefined,
    peerPort: 0,
    peerAddresses: [],
    groupConfigs: [],
    groupStates: [],
    peerStates: [],
    scrubs: new Map(),
    fail(name, error, times = 1) {
      answers.set(name, () => {
        if (times > 1) engine.fail(name, error, times - 1)
        return Promise.reject(error)
      })
    },
    hold(name) {
      let release = () => {}
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      answers.set(name, () => released)
      return release
    },
    async open(options) {
      engine.options = options
      await call('open')
      return engine
    },
    emit: (event) => engine.options?.onEvent(event),
    async listen({ service, port }) {
      await call(`listen ${service}`)
      if (service === 'peer') engine.peerPort = port
      return port
    },
    ...groupVerbs(() => engine, call),
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
    async startScrub(devicePath, bytesPerSecond) {
      await call(`start ${devicePath} ${bytesPerSecond}`)
      const storeId = devicePath.replace('/dev/', '')
      const { passes } = engine.scrubs.get(storeId) ?? noScrub
      engine.scrubs.set(storeId, { ...noScrub, running: true, passes, blocksTotal: 10n })
    },
    stopScrub: (devicePath) => call(`stop ${devicePath}`),
    devices: () =>
      engine.storeIds.map((storeId) => ({
        ...describeDevice(storeId),
        scrub: engine.scrubs.get(storeId) ?? noScrub,
      })),
    connections: () => engine.hosts,
    features: () => ['io_uring is there.'],
    readCounters(counters) {
      counters.fill(7n)
    },
    close: () => call('close'),
  }
  return engine
}

type GroupVerbs = Pick<Engine, 'joinCell' | 'setPeers' | 'setGroups' | 'groups' | 'peers'>

function groupVerbs(engine: () => FakeEngine, call: (name: string) => Promise<void>): GroupVerbs {
  return {
    async joinCell(identity) {
      await call('join')
      engine().identity = identity
    },
    async setPeers(peers) {
      await call(`peers ${peers.length}`)
      engine().peerAddresses = peers
    },
    async setGroups(groups) {
      await call(`groups ${groups.length}`)
      engine().groupConfigs = groups
    },
    groups: () => engine().groupStates,
    peers: () => engine().peerStates,
  }
}

const noScrub: ScrubProgress = {
  running: false,
  passes: 0n,
  blocksRead: 0n,
  blocksTotal: 0n,
  blocksDamaged: 0n,
}

function describeDevice(storeId: string): DeviceStatus {
  return {
    path: `/dev/${storeId}`,
    storeId,
    capacityBytes: 1000n,
    usedBytes: 20n,
    liveBytes: 0n,
    erasingBytes: 0n,
    hostWrittenBytes: 4096n,
    deviceWrittenBytes: 12_288n,
    movedWrittenBytes: 0n,
    indexWrittenBytes: 0n,
    checkpoints: 1n,
    logTailBytes: 8192n,
    indexBytes: 64n,
    indexHits: 3n,
    indexMisses: 1n,
    checksumErrors: 2n,
    scrub: noScrub,
    durability: 'flush',
    failed: false,
  }
}
