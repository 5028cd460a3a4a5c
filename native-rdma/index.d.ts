/** The engine as JavaScript sees it: few verbs, promises out, one bounded queue of events. */

/** Reasons an engine call can fail. One list, shared with src/base/status.h. */
export type EngineErrorCode =
  | 'BUSY'
  | 'OUT_OF_RANGE'
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'STALE_FENCE'
  | 'NOT_PRIMARY'
  | 'NO_SPACE'
  | 'DEVICE_FAILED'
  | 'CHECKSUM_WRONG'
  | 'CORRUPT'
  | 'FOREIGN'
  | 'UNSUPPORTED'
  | 'ADDRESS_IN_USE'
  | 'IO_ERROR'
  | 'CLOSED'

export class EngineError extends Error {
  readonly code: EngineErrorCode
  /** errno or NVMe status, when there is one; 0 otherwise. */
  readonly detail: number
}

export interface DeviceOptions {
  /** A file (made when missing, sparse) or a block device. */
  readonly path: string
  /** Size of a file that is made, in bytes; a multiple of 4096. Ignored for what exists. */
  readonly bytes: bigint
  /** `automatic` flushes when the device has a volatile cache. Default `automatic`. */
  readonly durability?: 'automatic' | 'flush' | 'none'
}

export interface EngineOptions {
  /** One store per device; devices are spread over the reactors. */
  readonly devices: readonly DeviceOptions[]
  /** Threads that move data, 1..64. */
  readonly reactors: number
  /** Cores to pin the reactors to, in order; empty leaves it to the kernel. */
  readonly cpus?: readonly number[]
  /** How long a reactor polls after work before it sleeps, in µs (0..1000). Default 50. */
  readonly pollUs?: number
  /** Memory for data in flight, shared by all connections, in bytes (>= 4 MiB a reactor). */
  readonly bufferBytes: bigint
  /** Extent size of the cell in bytes: a power of two, 4 MiB..4 GiB. */
  readonly extentBytes: bigint
  /** Segment size of stores that are formatted: a power of two, 512 KiB..1 GiB. Default 64 MiB. */
  readonly segmentBytes?: bigint
  /** Log of a store that a recovery may have to replay, in bytes (>= 1 MiB). Default 1 GiB. */
  readonly checkpointLogBytes?: bigint
  /** Memory for the index of each store, in bytes: 0 for no ceiling, else >= 1 MiB. Default 0. */
  readonly indexBytesMax?: bigint
  /** This gateway's own range of controller ids (1..0xffef, inclusive). */
  readonly controllerIds: { readonly first: number; readonly last: number }
  /** I/O queues granted to a controller, 1..8. Default 4. */
  readonly ioQueues?: number
  /** How long a command waits for its placement group to be served, 100..600000. Default 20000. */
  readonly ioWaitMs?: number
  /** At most 8 characters, shown to hosts. */
  readonly firmwareRevision: string
  /** Called on the JS thread, in order. A slow listener loses events, never blocks the engine. */
  readonly onEvent: (event: EngineEvent) => void
}

export type EngineEvent =
  | {
      readonly kind: 'recovery'
      readonly device: string
      readonly segmentsDone: number
      readonly segmentsTotal: number
      readonly batchesReplayed: number
      readonly blocksLive: number
    }
  | { readonly kind: 'device-failed'; readonly device: string; readonly errno: number }
  | { readonly kind: 'checksum-error'; readonly volumeId: bigint; readonly block: bigint }
  | {
      readonly kind: 'host-connected'
      readonly subsystemNqn: string
      readonly hostNqn: string
      readonly controllerId: number
    }
  | {
      readonly kind: 'host-disconnected'
      readonly subsystemNqn: string
      readonly hostNqn: string
      readonly controllerId: number
      readonly reason: string
    }
  /** This node says of a member of a group that it is lost; said again each second. */
  | {
      readonly kind: 'group-suspect'
      readonly pg: number
      readonly epoch: number
      readonly nodeId: number
      readonly reason: 'silent' | 'unreachable' | 'store-failed'
    }
  /** A joining member has everything and takes part in each acknowledgement; said again too. */
  | {
      readonly kind: 'group-level'
      readonly pg: number
      readonly epoch: number
      readonly nodeId: number
    }
  /** The primary needs an epoch above this one; said again too. */
  | { readonly kind: 'group-wants-epoch'; readonly pg: number; readonly epoch: number }
  /** Somebody knows this epoch, which is new here. */
  | { readonly kind: 'group-behind'; readonly pg: number; readonly epoch: number }
  | { readonly kind: 'events-dropped'; readonly count: number }

/** Who this node is in its cell. */
export interface CellIdentity {
  /** 16 bytes: the cell's UUID. */
  readonly cellId: Uint8Array
  /** Given by control for good, 1..2^32 - 1; a node whose disks were replaced is a new one. */
  readonly nodeId: number
  /** Of this run of the process: random at its start, not 0n. */
  readonly incarnation: bigint
}

export interface PeerAddress {
  readonly nodeId: number
  /** An IPv4 or IPv6 address. */
  readonly address: string
  readonly port: number
}

export interface PeerStatus {
  readonly nodeId: number
  readonly state: 'connecting' | 'connected'
  /** Why it is not connected; else empty. */
  readonly reason: string
}

/** Who keeps a placement group: changed by control only, from epoch e to e + 1. */
export interface GroupConfig {
  readonly pg: number
  /** From 1 on. */
  readonly epoch: number
  /** One of the in-sync members. */
  readonly primary: number
  /** With fewer members in sync writes wait; 1..8. */
  readonly minInSync: number
  /** 1 to 8, each node once. */
  readonly members: readonly { readonly nodeId: number; readonly role: 'in-sync' | 'joining' }[]
}

export interface GroupStatus {
  readonly pg: number
  /** Of the configuration that this node has adopted, or adopts. */
  readonly epoch: number
  readonly state: 'opening' | 'idle' | 'adopting' | 'follower' | 'primary' | 'closed'
  /** It would answer a read now. */
  readonly serving: boolean
  /** That joining members still lack, as far as this primary has counted. */
  readonly blocksToCopy: bigint
  /** Parts of commands that wait on this node for the group to be served. */
  readonly waiting: number
}

export interface VolumeConfig {
  readonly volumeId: bigint
  /** 16 bytes: the namespace's UUID and NGUID. */
  readonly uuid: Uint8Array
  readonly subsystemNqn: string
  /** At most 20 and 40 ASCII characters. */
  readonly serial: string
  readonly model: string
  readonly blockCount: bigint
  /** The volume's map: 4 bytes little-endian per extent, the number of its PG. */
  readonly extentMap: Uint8Array
  readonly fence: bigint
  /** Host NQNs that may connect. */
  readonly allowedHosts: readonly string[]
}

export interface DiscoveryEntry {
  readonly hostNqn: string
  readonly subsystemNqn: string
  readonly address: string
  readonly port: number
}

export interface DeviceStatus {
  readonly path: string
  readonly storeId: string
  readonly capacityBytes: bigint
  readonly usedBytes: bigint
  readonly liveBytes: bigint
  /** Deleted or deallocated, and not yet given back. */
  readonly erasingBytes: bigint
  /** By hosts, since the engine was opened; the next three too. */
  readonly hostWrittenBytes: bigint
  /** All that was written to the device: over hostWrittenBytes, this is write amplification. */
  readonly deviceWrittenBytes: bigint
  /** Of that, what compaction moved. */
  readonly movedWrittenBytes: bigint
  /** Of that, what checkpoints and evicted pages of the index took. */
  readonly indexWrittenBytes: bigint
  readonly checkpoints: bigint
  /** What a recovery would replay now. */
  readonly logTailBytes: bigint
  /** Memory of the index. */
  readonly indexBytes: bigint
  /** How often a page of the index was in memory, and was not. */
  readonly indexHits: bigint
  readonly indexMisses: bigint
  /** Blocks that came back damaged, counted at every read. */
  readonly checksumErrors: bigint
  readonly scrub: ScrubProgress
  /** `flush` or `none`, as chosen for the device. */
  readonly durability: 'flush' | 'none'
  readonly failed: boolean
}

/** The reading of every live block; the blocks are those of this pass, or of the last one. */
export interface ScrubProgress {
  readonly running: boolean
  /** Finished ones since the engine was opened. */
  readonly passes: bigint
  readonly blocksRead: bigint
  /** Live ones when the pass began: others may have come or gone since. */
  readonly blocksTotal: bigint
  readonly blocksDamaged: bigint
}

export interface HostConnection {
  readonly subsystemNqn: string
  readonly hostNqn: string
  readonly controllerId: number
  readonly ioQueues: number
}

export interface Engine {
  /**
   * Starts answering hosts, or (`peer`, after joinCell) the other nodes of the cell. Resolves with
   * the bound port. Rejects with ADDRESS_IN_USE, INVALID_ARGUMENT.
   */
  listen(endpoint: {
    readonly transport: 'tcp'
    readonly service: 'io' | 'discovery' | 'peer'
    readonly address: string
    /** 0 lets the kernel choose. */
    readonly port: number
  }): Promise<number>
  /**
   * Says who this node is in its cell, once, before listen('peer'), setPeers and setGroups. The
   * same again is fine; another identity rejects with ALREADY_EXISTS.
   */
  joinCell(identity: CellIdentity): Promise<void>
  /** All other nodes of the cell that this one may talk to; replaces. */
  setPeers(peers: readonly PeerAddress[]): Promise<void>
  /**
   * Configurations of placement groups: those this node is a member of and those its volumes use.
   * A lower epoch than is known is ignored; groups not named keep what they have. All or nothing:
   * what is wrong with one rejects with INVALID_ARGUMENT and names the field.
   */
  setGroups(groups: readonly GroupConfig[]): Promise<void>
  /**
   * Shows a volume to hosts, or changes how it is shown (size, hosts). Idempotent; an older fence
   * rejects with STALE_FENCE. Commands for groups without a configuration wait for one.
   */
  attachVolume(config: VolumeConfig): Promise<void>
  /** Disconnects hosts, finishes their commands, hides the volume. Its data stays. Idempotent. */
  detachVolume(volumeId: bigint): Promise<void>
  /** Forgets the volume's blocks on every device. Detach first (BUSY). Idempotent. */
  deleteVolume(volumeId: bigint): Promise<void>
  /** Replaces the discovery log. */
  setDiscovery(entries: readonly DiscoveryEntry[]): Promise<void>
  /** A namespace in memory, for benchmarks: gone when detached. */
  attachRamVolume(config: Omit<VolumeConfig, 'extentMap' | 'fence'>): Promise<void>
  /**
   * Begins to read every live block of a device, at most so many bytes in a second (0n: no limit),
   * and resolves when it has begun: devices() says how far it is, and damage is an event. Rejects
   * with NOT_FOUND, and with BUSY while a pass runs.
   */
  startScrub(devicePath: string, bytesPerSecond: bigint): Promise<void>
  /** Ends the pass soon, if there is one. Rejects with NOT_FOUND. */
  stopScrub(devicePath: string): Promise<void>
  devices(): readonly DeviceStatus[]
  connections(): readonly HostConnection[]
  /** The groups that this node is a member of, or that parts wait for here. */
  groups(): readonly GroupStatus[]
  peers(): readonly PeerStatus[]
  /** What the kernel offers and the engine uses, for the log: one sentence each. */
  features(): readonly string[]
  /** Fills `counters` in place, in the order of COUNTERS. Never allocates. */
  readCounters(counters: BigUint64Array): void
  /** Finishes what is in flight, then releases everything. Later calls reject with CLOSED. */
  close(): Promise<void>
}

/** What a device is and holds, by its two ends. */
export interface DeviceInspection {
  readonly path: string
  readonly kind: 'file' | 'block-device'
  readonly bytes: bigint
  readonly logicalBlockBytes: number
  /** `gateway`: an engine has it open. `system`: mounted, swapped to or part of another device. */
  readonly use: 'free' | 'gateway' | 'system'
  readonly holds: 'nothing' | 'store' | 'damaged-store' | 'other'
  /** Of `other`, what it looks like; of `damaged-store`, which rule is broken; else empty. */
  readonly description: string
  /** With `store`. */
  readonly store?: {
    readonly id: string
    readonly segmentBytes: bigint
    readonly segmentCount: number
    /** Bits that a reader must understand. */
    readonly features: number
  }
}

export interface PrepareOptions {
  readonly path: string
  /** Size of a file that is made; without it the path must be there. */
  readonly bytes?: bigint
  /** A power of two, 512 KiB..1 GiB. Default 64 MiB. */
  readonly segmentBytes?: bigint
  /** Erase what is there and is not a store. */
  readonly force?: boolean
}

export interface Prepared {
  readonly device: DeviceInspection
  /** The file was not there. */
  readonly made: boolean
  /** What was there before, as `description` has it; else empty. */
  readonly erased: string
}

export interface Retired {
  readonly path: string
  /** Empty of a damaged store. */
  readonly storeId: string
}

/** Looks at a device, which may be in use, and changes nothing. */
export function inspectDevice(path: string): Promise<DeviceInspection>
/**
 * Formats a device that no engine has open. Rejects with BUSY (in use), ALREADY_EXISTS (a store,
 * whatever is forced), FOREIGN (something else), INVALID_ARGUMENT (its size).
 */
export function prepareDevice(options: PrepareOptions): Promise<Prepared>
/**
 * Takes the store from a device that no engine has open; it is empty then. Rejects with BUSY (in
 * use), NOT_FOUND, FOREIGN (not a store); without `force` also with BUSY when it holds blocks of
 * volumes and CORRUPT when it is damaged.
 */
export function retireDevice(options: {
  readonly path: string
  readonly force?: boolean
}): Promise<Retired>

/** Opens devices (formatting new ones), recovers their stores, starts the reactors. */
export function openEngine(options: EngineOptions): Promise<Engine>
/** Names that end in `_now` are levels; all others only grow while the engine is open. */
export const COUNTERS: readonly string[]
