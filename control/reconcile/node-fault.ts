/** Why a node cannot be worked with, as sentences. */
import type { Device } from '../model/node.ts'
import type { Fleet } from '../session/fleet.ts'

/** Why the node cannot serve what it holds. The sentence stays the same while the fault does. */
export function lastingFault(
  fleet: Fleet,
  node: string,
  devices: readonly Device[] = fleet.view(node)?.devices ?? [],
): string | undefined {
  const gone = goneFault(fleet, node)
  if (gone !== undefined) return gone
  const failed = devices.find((device) => device.failed)
  return failed && `Device ${failed.path} of node ${node} has failed.`
}

export const goneFault = (fleet: Fleet, node: string): string | undefined =>
  fleet.health(node) === 'gone'
    ? `Node ${node} is gone: its gateway is not heard any more.`
    : undefined

/** Why nothing can be asked of the node just now. */
export function silence(fleet: Fleet, node: string): string | undefined {
  const view = fleet.view(node)
  if (view?.connected && view.observed) return undefined
  return view?.connected
    ? `Waits for node ${node} to say what it serves.`
    : `Waits for node ${node}, which has not been heard for ${fleet.silentSeconds(node)} s.`
}

export function nodeFault(
  fleet: Fleet,
  node: string,
  devices: readonly Device[],
): string | undefined {
  if (fleet.health(node) === 'alive') return lastingFault(fleet, node, devices)
  return `Its gateway has not been heard for ${fleet.silentSeconds(node)} s.`
}
