/**
 * Remembers the devices that a gateway opened after its Hello, so that they are known when it is
 * away.
 */
import { isDeepStrictEqual } from 'node:util'
import type { DeviceMessage } from '../contract/messages.ts'
import type { Control } from '../control.ts'
import { type Device, nodeKind } from '../model/node.ts'
import { putRecord, readRecord, retryConflicts, unchanged } from '../model/record.ts'
import { claimStores } from './claim-stores.ts'

/** What of the devices does not change with every write. */
export const lastingOf = (devices: readonly Device[]) =>
  devices.map(({ path, storeId, capacityBytes, durability, failed }) => {
    return { path, storeId, capacityBytes, durability, failed }
  })

export async function registerDevices(
  control: Control,
  name: string,
  devices: readonly DeviceMessage[],
): Promise<void> {
  const storeIds = devices.map(({ storeId }) => storeId).filter((id) => id !== '')
  await claimStores(control, name, storeIds)
  await retryConflicts(async () => {
    const stored = await readRecord(control.store, nodeKind, name)
    if (!stored) throw new Error(`node ${name} has a session, but no record`)
    if (isDeepStrictEqual(lastingOf(stored.value.devices), lastingOf(devices))) return true
    const remembered = devices.map(({ store: _, scrub: __, ...device }) => device)
    const { succeeded } = await control.store.transact({
      compare: [unchanged(stored)],
      success: [putRecord(nodeKind, name, { ...stored.value, devices: remembered })],
    })
    return succeeded || undefined
  })
}
