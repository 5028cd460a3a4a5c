/**
 * The messages of gateway.proto as JavaScript has them: camelCase, every field present, 64-bit as
 * number.
 */

export const contractVersion = 1

export interface EndpointMessage {
  readonly address: string
  readonly port: number
}

export interface DeviceMessage {
  readonly path: string
  readonly storeId: string
  readonly capacityBytes: number
  readonly usedBytes: number
  readonly liveBytes: number
  readonly durability: string
  readonly failed: boolean
  /** Null from a gateway that is older. */
  readonly store: StoreFiguresMessage | null
  readonly scrub: ScrubMessage | null
}

export interface StoreFiguresMessage {
  readonly hostWrittenBytes: number
  readonly deviceWrittenBytes: number
  readonly movedWrittenBytes: number
  readonly indexWrittenBytes: number
  readonly checkpoints: number
  readonly logTailBytes: number
  readonly indexBytes: number
  readonly indexHits: number
  readonly indexMisses: number
  readonly erasingBytes: number
  readonly checksumErrors: number
}

export type ScrubState = 'STATE_UNSPECIFIED' | 'RUNNING' | 'FINISHED' | 'STOPPED' | 'FAILED'

export interface ScrubMessage {
  readonly state: ScrubState
  readonly request: number
  readonly bytesPerSecond: number
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly blocksRead: number
  readonly blocksTotal: number
  readonly blocksDamaged: number
  readonly finishedAtMs: number
  readonly requestDone: number
}

export interface ScrubDesired {
  readonly request: number
  readonly bytesPerSecond: number
  readonly stop: boolean
}

export interface Hello {
  readonly contractVersion: number
  readonly nodeName: string
  readonly incarnation: string
  readonly rack: string
  readonly zone: string
  readonly softwareVersion: string
  readonly io: EndpointMessage | null
  readonly discovery: EndpointMessage | null
  readonly extentBytes: number
  readonly devices: readonly DeviceMessage[]
  readonly storeIds: readonly string[]
  readonly cellId: string
  /** Null from a gateway that does not talk with others. */
  readonly peer: EndpointMessage | null
}

export interface Heartbeat {
  readonly sequence: number
  readonly devices: readonly DeviceMessage[]
  readonly hostConnections: number
}

export type VolumeObservedState =
  | 'STATE_UNSPECIFIED'
  | 'ATTACHED'
  | 'DETACHED'
  | 'DELETED'
  | 'FAILED'

export interface VolumeObserved {
  readonly volumeId: number
  readonly state: VolumeObservedState
  readonly fence: number
  readonly blockCount: number
  readonly reason: string
  readonly hostConnections: number
}

export interface Observed {
  readonly revision: number
  readonly volumes: readonly VolumeObserved[]
  readonly groups: readonly GroupObserved[]
}

export type GroupObservedState = 'opening' | 'idle' | 'adopting' | 'follower' | 'primary' | 'closed'

export interface GroupObserved {
  readonly number: number
  readonly epoch: number
  readonly state: GroupObservedState
  readonly serving: boolean
  readonly blocksToCopy: number
  readonly waiting: number
}

export type GroupReportKind = 'KIND_UNSPECIFIED' | 'SUSPECT' | 'LEVEL' | 'WANTS_EPOCH' | 'BEHIND'

export interface GroupReport {
  readonly kind: GroupReportKind
  readonly group: number
  readonly epoch: number
  /** 0: nobody. */
  readonly node: number
  readonly reason: string
}

export interface GatewayEvent {
  readonly kind: string
  readonly text: string
  readonly volumeId: number
}

/** One of the fields is set. */
export interface FromGateway {
  readonly hello?: Hello
  readonly heartbeat?: Heartbeat
  readonly observed?: Observed
  readonly event?: GatewayEvent
  readonly report?: GroupReport
}

export interface Welcome {
  readonly contractVersion: number
  readonly heartbeatIntervalMs: number
  readonly controllerIdFirst: number
  readonly controllerIdLast: number
  readonly cellId: string
  readonly nodeNumber: number
}

export interface Refused {
  readonly code: RefusalCode
  readonly reason: string
}

export type RefusalCode =
  | 'NOT_LEADER'
  | 'PROTOCOL'
  | 'CONTRACT_VERSION'
  | 'INVALID_HELLO'
  | 'EXTENT_SIZE'
  | 'FOREIGN_CELL'
  | 'NODE_NAME_IN_USE'
  | 'FOREIGN_STORE'
  | 'STORE_MISSING'
  | 'CONTROLLER_IDS_EXHAUSTED'
  | 'REPLACED'
  | 'INTERNAL'

export interface VolumeDesired {
  readonly volumeId: number
  readonly uuid: Uint8Array
  readonly subsystemNqn: string
  readonly serial: string
  readonly model: string
  readonly blockCount: number
  readonly extentMap: Uint8Array
  readonly fence: number
  readonly allowedHosts: readonly string[]
}

export interface DiscoveryEntryMessage {
  readonly hostNqn: string
  readonly subsystemNqn: string
  readonly address: string
  readonly port: number
}

export type MemberRole = 'ROLE_UNSPECIFIED' | 'IN_SYNC' | 'JOINING'

/** Members and primary are nodes' numbers. */
export interface GroupDesired {
  readonly number: number
  readonly epoch: number
  readonly primary: number
  readonly minInSync: number
  readonly members: readonly { readonly node: number; readonly role: MemberRole }[]
}

export interface PeerDesired {
  readonly node: number
  readonly endpoint: EndpointMessage | null
  readonly name: string
}

export interface Desired {
  readonly revision: number
  readonly volumes: readonly VolumeDesired[]
  readonly deletedVolumeIds: readonly number[]
  readonly discovery: readonly DiscoveryEntryMessage[]
  /** Null: nobody has asked for one. */
  readonly scrub: ScrubDesired | null
  readonly groups: readonly GroupDesired[]
  readonly peers: readonly PeerDesired[]
}

/** One of the fields is set. */
export interface ToGateway {
  readonly welcome?: Welcome
  readonly desired?: Desired
  readonly refused?: Refused
}
