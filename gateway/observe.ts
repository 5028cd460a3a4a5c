/** The engine's own view of devices, groups and hosts, in the contract's words. */
import type {
  DeviceMessage,
  GroupObserved,
  ScrubMessage,
  StoreFiguresMessage,
} from '../control/contract/messages.ts'
import type { DeviceStatus, Engine } from '../native-rdma/index.js'

/** `scrubOf` knows more of a device's passes than the engine: of those before its start, too. */
export function observeDevices(
  engine: Engine,
  scrubOf: (device: DeviceStatus) => ScrubMessage | null = () => null,
): DeviceMessage[] {
  return engine.devices().map((device) => ({
    path: device.path,
    storeId: device.storeId,
    capacityBytes: Number(device.capacityBytes),
    usedBytes: Number(device.usedBytes),
    liveBytes: Number(device.liveBytes),
    durability: device.durability,
    failed: device.failed,
    store: figuresOf(device),
    scrub: scrubOf(device),
  }))
}

function figuresOf(device: DeviceStatus): StoreFiguresMessage {
  return {
    hostWrittenBytes: Number(device.hostWrittenBytes),
    deviceWrittenBytes: Number(device.deviceWrittenBytes),
    movedWrittenBytes: Number(device.movedWrittenBytes),
    indexWrittenBytes: Number(device.indexWrittenBytes),
    checkpoints: Number(device.checkpoints),
    logTailBytes: Number(device.logTailBytes),
    indexBytes: Number(device.indexBytes),
    indexHits: Number(device.indexHits),
    indexMisses: Number(device.indexMisses),
    erasingBytes: Number(device.erasingBytes),
    checksumErrors: Number(device.checksumErrors),
  }
}

/** The groups that this node is a member of. */
export function observeGroups(engine: Engine): GroupObserved[] {
  return engine.groups().map(({ pg, epoch, state, serving, blocksToCopy, waiting }) => ({
    number: pg,
    epoch,
    state,
    serving,
    blocksToCopy: Number(blocksToCopy),
    waiting,
  }))
}

/** How many controllers hosts have on each subsystem. */
export function countConnections(engine: Engine): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { subsystemNqn } of engine.connections())
    counts.set(subsystemNqn, (counts.get(subsystemNqn) ?? 0) + 1)
  return counts
}
