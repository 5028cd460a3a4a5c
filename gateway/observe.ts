/** The engine's own view of devices and hosts, in the contract's words. */
import type { DeviceMessage } from '../control/contract/messages.ts'
import type { Engine } from '../native-rdma/index.js'

export function observeDevices(engine: Engine): DeviceMessage[] {
  return engine.devices().map((device) => ({
    path: device.path,
    storeId: device.storeId,
    capacityBytes: Number(device.capacityBytes),
    usedBytes: Number(device.usedBytes),
    liveBytes: Number(device.liveBytes),
    durability: device.durability,
    failed: device.failed,
  }))
}

/** How many controllers hosts have on each subsystem. */
export function countConnections(engine: Engine): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { subsystemNqn } of engine.connections())
    counts.set(subsystemNqn, (counts.get(subsystemNqn) ?? 0) + 1)
  return counts
}
