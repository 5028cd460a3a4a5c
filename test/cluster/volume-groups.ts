/** The placement groups of a volume, as gateways have been told of them. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { readSavedDesired } from '../../gateway/saved-desired.ts'
import type { Cluster } from '../support/cluster.ts'
import type { AttachedVolume } from './attached-volume.ts'

/** Members are the indexes of gateways in the cluster. */
export interface GroupState {
  readonly number: number
  readonly epoch: number
  readonly primary: number
  readonly inSync: readonly number[]
  readonly joining: readonly number[]
}

/** Each in the highest epoch that a gateway knows; a gateway that is away knows what it knew. */
export function groupsOf(cluster: Cluster, { id, gateway }: AttachedVolume): GroupState[] {
  const folders = cluster.gateways.map(({ name }) => join(cluster.folder, name))
  const told = folders.map((folder) => readSavedDesired(folder))
  const nodes = folders.map(nodeNumber)
  const volume = told[gateway]?.volumes.find(({ serial }) => serial === id)
  if (!volume) throw new Error('the gateway has not been told of the volume')
  const map = Buffer.from(volume.extentMap)
  const numbers = new Set(
    Array.from({ length: map.length / 4 }, (_, index) => map.readUInt32LE(index * 4)),
  )
  return [...numbers].map((group) => {
    const known = told.flatMap((desired) => desired?.groups.filter((g) => g.number === group) ?? [])
    const [newest] = known.toSorted((one, other) => other.epoch - one.epoch)
    if (!newest) throw new Error(`no gateway knows group ${group}`)
    const withRole = (role: string) =>
      newest.members.flatMap((member) => (member.role === role ? nodes.indexOf(member.node) : []))
    return {
      number: group,
      epoch: newest.epoch,
      primary: nodes.indexOf(newest.primary),
      inSync: withRole('IN_SYNC'),
      joining: withRole('JOINING'),
    }
  })
}

/** The only group of a volume that lies in one. */
export function groupOf(cluster: Cluster, volume: AttachedVolume): GroupState {
  const [group, ...others] = groupsOf(cluster, volume)
  if (!group || others.length > 0) throw new Error('the volume does not lie in one group')
  return group
}

/** Answers how long it took, in milliseconds. */
export async function untilGroups(
  cluster: Cluster,
  volume: AttachedVolume,
  isSo: (group: GroupState) => boolean,
  limitMs = 60_000,
): Promise<number> {
  const startedMs = performance.now()
  for (;;) {
    const groups = groupsOf(cluster, volume)
    const tookMs = performance.now() - startedMs
    if (groups.every(isSo)) return tookMs
    if (tookMs > limitMs) throw new Error(`It never came to be: ${JSON.stringify(groups)}`)
    await delay(20)
  }
}

/** Until all copies are in sync. */
export const untilWhole = (cluster: Cluster, volume: AttachedVolume): Promise<number> =>
  untilGroups(cluster, volume, ({ inSync }) => inSync.length === volume.copies)

/** A member in sync that neither leads nor has the host. */
export function backupOf(cluster: Cluster, volume: AttachedVolume): number {
  const { primary, inSync } = groupOf(cluster, volume)
  const found = inSync.find((member) => member !== primary && member !== volume.gateway)
  if (found === undefined) throw new Error('there is no backup')
  return found
}

/** Lets another than the host's gateway lead, by killing that one if it leads. */
export async function leadFromElsewhere(cluster: Cluster, volume: AttachedVolume): Promise<void> {
  const { gateway } = volume
  if (groupOf(cluster, volume).primary !== gateway) return
  await cluster.killGateway(gateway)
  await untilGroups(cluster, volume, ({ primary }) => primary !== gateway)
  await cluster.startGateway(gateway)
  await untilWhole(cluster, volume)
}

function nodeNumber(folder: string): number {
  const path = join(folder, 'identity.json')
  if (!existsSync(path)) return 0
  return JSON.parse(readFileSync(path, 'utf8')).value.nodeNumber
}
