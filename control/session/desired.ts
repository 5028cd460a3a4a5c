/** Computes what each gateway has to serve, from the cell as mirrored. */
import type {
  DiscoveryEntryMessage,
  GroupDesired,
  PeerDesired,
  ScrubDesired,
  VolumeDesired,
} from '../contract/messages.ts'
import type { Attachment } from '../model/attachment.ts'
import { blockBytes, type CellSettings } from '../model/cell.ts'
import type { Mirror } from '../model/mirror.ts'
import { subsystemNqnOf } from '../model/nqn.ts'
import type { Volume } from '../model/volume.ts'
import { holdersOf } from '../model/volume-groups.ts'
import { type GroupIndex, indexGroups } from './desired-groups.ts'
import type { VolumeMaps } from './volume-maps.ts'

/** What one gateway is told; two that are equal need to be told once. */
export interface DesiredContent {
  readonly volumes: readonly VolumeDesired[]
  readonly deletedVolumeIds: readonly number[]
  readonly discovery: readonly DiscoveryEntryMessage[]
  readonly scrub: ScrubDesired | null
  readonly groups: readonly GroupDesired[]
  readonly peers: readonly PeerDesired[]
  /** Not told, but waits for the gateway to say that it has taken in a revision without them. */
  readonly detachingIds: readonly string[]
}

export interface Wanted {
  readonly revision: number
  readonly discovery: readonly DiscoveryEntryMessage[]
  readonly nodes: ReadonlyMap<string, NodeWanted>
  readonly scrubs: ReadonlyMap<string, ScrubDesired>
  readonly groups: GroupIndex
}

interface NodeWanted {
  readonly serve: { readonly volume: Volume; readonly attachment: Attachment }[]
  readonly forget: Volume[]
  readonly detaching: Attachment[]
}

const model = 'Ashlar Volume'

/** One walk over the cell, for all nodes. */
export function readWanted(mirror: Mirror, cell: CellSettings): Wanted {
  const nodes = new Map<string, NodeWanted>()
  const wantedOf = (name: string): NodeWanted => {
    const wanted = nodes.get(name) ?? { serve: [], forget: [], detaching: [] }
    nodes.set(name, wanted)
    return wanted
  }
  const discovery: DiscoveryEntryMessage[] = []
  for (const { value: attachment } of mirror.attachments.values()) {
    const volume = mirror.volumes.get(attachment.volumeId)?.value
    if (attachment.state.kind === 'detaching') {
      wantedOf(attachment.node).detaching.push(attachment)
      continue
    }
    // Records written together can be mirrored one after the other.
    if (!volume) continue
    wantedOf(attachment.node).serve.push({ volume, attachment })
    const io = mirror.nodes.get(attachment.node)?.value.io
    if (attachment.discoverable && io)
      discovery.push({
        hostNqn: attachment.hostNqn,
        subsystemNqn: subsystemNqnOf(cell.nqnPrefix, volume.id),
        address: io.address,
        port: io.port,
      })
  }
  for (const { value: volume } of mirror.volumes.values())
    if (volume.state.kind === 'deleting')
      for (const node of holdersOf(volume, mirror)) wantedOf(node).forget.push(volume)
  return {
    revision: mirror.revision(),
    discovery,
    nodes,
    scrubs: readScrubs(mirror),
    groups: indexGroups(mirror),
  }
}

function readScrubs({ scrubRequests }: Mirror): Map<string, ScrubDesired> {
  return new Map(
    [...scrubRequests].map(([node, { value }]) => {
      const { number: request, bytesPerSecond, stop } = value
      return [node, { request, bytesPerSecond, stop }]
    }),
  )
}

export async function desiredOf(
  maps: VolumeMaps,
  cell: CellSettings,
  wanted: Wanted,
  node: string,
): Promise<DesiredContent> {
  const { serve = [], forget = [], detaching = [] } = wanted.nodes.get(node) ?? {}
  const volumes: VolumeDesired[] = []
  const used = new Set(wanted.groups.memberOf(node))
  for (const { volume, attachment } of serve) {
    const map = await maps.of(volume)
    if (!map) continue
    for (const number of map.groups) used.add(number)
    volumes.push({
      volumeId: volume.number,
      uuid: Buffer.from(volume.uuid.replaceAll('-', ''), 'hex'),
      subsystemNqn: subsystemNqnOf(cell.nqnPrefix, volume.id),
      serial: volume.id,
      model,
      blockCount: volume.sizeBytes / blockBytes,
      extentMap: map.packed,
      fence: attachment.fence,
      allowedHosts: [attachment.hostNqn],
    })
  }
  return {
    volumes: volumes.sort((a, b) => a.volumeId - b.volumeId),
    deletedVolumeIds: forget.map(({ number }) => number).sort((a, b) => a - b),
    discovery: wanted.discovery,
    scrub: wanted.scrubs.get(node) ?? null,
    ...wanted.groups.tell(used, node),
    detachingIds: detaching.map(({ id }) => id).sort(),
  }
}
