/** Places volumes on a cell that is made up, changes the cell, and measures what that takes. */
import { type Durability, type DurabilityAssumptions, modelDurability } from './durability.ts'
import type { Group } from './group.ts'
import { copysetsOf, createLayout } from './layout.ts'
import { bookMap, type Ledger, openLedger } from './ledger.ts'
import { placeVolume } from './place-volume.ts'
import { planGroups } from './plan-groups.ts'
import { seededRandom } from './random.ts'
import { type ChangeResult, measureChanges, settledGroups } from './simulate-changes.ts'
import type { SimulatorOptions } from './simulator-options.ts'
import { defaultSettings, type PlacedNode, type PlacementSettings } from './topology.ts'

export interface Spread {
  readonly mean: number
  readonly max: number
}

export interface Simulation {
  readonly groups: number
  readonly copysets: number
  readonly scatterWidth: Spread
  readonly extentsPerVolume: number
  /** Groups that lack a member, or have two in a rack or one that is out. None, or it is a bug. */
  readonly conflicts: number
  /** Parts of capacity provisioned, over nodes. */
  readonly capacity: Spread
  /** Extents served as primary for each byte of capacity, over nodes. */
  readonly primaries: Spread
  readonly changes: readonly ChangeResult[]
  readonly metadata: Metadata
  readonly assumptions: DurabilityAssumptions
  readonly durability: Durability
  /** What took how long, in milliseconds. */
  readonly timesMs: Readonly<Record<string, number>>
}

export interface Metadata {
  readonly groupBytes: number
  readonly mapBytes: number
  /** What one key for each extent would take. */
  readonly keyPerExtentBytes: number
}

export type SimulationOutcome =
  | { readonly kind: 'done'; readonly simulation: Simulation }
  | { readonly kind: 'refused'; readonly reason: string }

/** `nowMs` is a clock that only the times in the result come from. */
export function simulate(options: SimulatorOptions, nowMs: () => number): SimulationOutcome {
  const timesMs: Record<string, number> = {}
  const timed = <T>(what: string, work: () => T): T => {
    const began = nowMs()
    const result = work()
    timesMs[what] = nowMs() - began
    return result
  }
  const settings = settingsOf(options)
  const nodes = makeNodes(options)
  const plan = timed('groups', () =>
    planGroups(nodes, [], settings, { copies: options.copies, firstNumber: 1 }),
  )
  if (plan.kind === 'refused') return plan
  const extentBytes = options['extent-mib'] * 2 ** 20
  const ledger = openLedger(nodes, plan.groups, { extentBytes, overcommit: 1 })
  const extents = Math.ceil((options['volume-gb'] * 1e9) / extentBytes)
  const failure = timed('volumes', () => placeAll(ledger, options, extents))
  if (failure !== undefined) return { kind: 'refused', reason: failure }
  const groups = settledGroups(ledger)
  const changes = timed('changes', () => measureChanges(nodes, groups, settings, extentBytes))
  const layout = createLayout(nodes, groups, settings)
  const receivers = changes.find(({ what }) => what === 'drain a node')?.receivers ?? 1
  // Repair reads from the partners of the node and writes to who receives: the fewer decide.
  const assumptions = assume(options, {
    copysets: copysetsOf(layout.groups).size,
    groups: groups.length,
    nodeBytes: (sum(ledger.extents) / nodes.length) * extentBytes,
    rebuilders: Math.max(1, Math.min(receivers, Math.floor(spreadOf(layout.width).mean))),
  })
  const perCapacity = (counts: readonly number[]) =>
    spreadOf(counts.map((count, at) => count / (ledger.extentsMax[at] ?? 1)))
  const simulation: Simulation = {
    groups: groups.length,
    copysets: assumptions.copysets,
    scatterWidth: spreadOf(layout.width),
    extentsPerVolume: extents,
    conflicts: conflictsOf(nodes, groups),
    capacity: perCapacity(ledger.extents),
    primaries: perCapacity(ledger.served),
    changes,
    metadata: metadataOf(groups, options.volumes, extents),
    assumptions,
    durability: modelDurability(assumptions),
    timesMs,
  }
  return { kind: 'done', simulation }
}

const settingsOf = (options: SimulatorOptions): PlacementSettings => ({
  ...defaultSettings,
  groupsPerNode: options['groups-per-node'],
  scatterWidth: options['scatter-width'],
  seed: options.seed,
})

function makeNodes(options: SimulatorOptions): PlacedNode[] {
  const random = seededRandom(options.seed)
  const { racks, zones } = options
  return Array.from({ length: options.nodes }, (_, at) => {
    const rack = at % racks
    const uneven = 1 + ((2 * random() - 1) * options['uneven-percent']) / 100
    return {
      name: `node-${at}`,
      rack: `rack-${rack}`,
      zone: zones > 1 ? `zone-${rack % zones}` : '',
      capacityBytes: Math.floor(options['node-tb'] * 1e12 * uneven),
      state: 'in',
    }
  })
}

/** Why a volume found no place, or undefined. */
function placeAll(ledger: Ledger, options: SimulatorOptions, extents: number): string | undefined {
  const { copies, width, volumes, seed } = options
  for (let number = 1; number <= volumes; number++) {
    const spread = { width, localExtentsMax: 64 }
    const request = { seed: seed + number, copies, map: [], oldSize: 0, size: extents, ...spread }
    const place = placeVolume(ledger, request)
    if (place.kind === 'refused') return `Volume ${number} of ${volumes}: ${place.reason}`
    bookMap(ledger, place.map, extents)
  }
  return undefined
}

export function conflictsOf(nodes: readonly PlacedNode[], groups: readonly Group[]): number {
  const usable = nodes.filter(({ state }) => state === 'in')
  const rackOf = new Map(usable.map(({ name, rack }) => [name, rack]))
  return groups.filter(({ members, copies }) => {
    const racks = new Set(members.flatMap((name) => rackOf.get(name) ?? []))
    return members.length !== copies || racks.size !== copies
  }).length
}

/** Sizes of keys and values as control writes them. */
function metadataOf(groups: readonly Group[], volumes: number, extents: number): Metadata {
  const [sample] = groups
  const members = (sample?.members ?? []).map((node) => ({ node, role: 'in-sync' }))
  const record = { version: 1, number: sample?.number, epoch: 1000, primary: sample?.primary }
  const groupBytes = JSON.stringify({ ...record, members }).length + 'placement-group/'.length + 8
  const mapKeyBytes = 'volume-map/vol-'.length + 16
  return {
    groupBytes: groups.length * groupBytes,
    mapBytes: volumes * (mapKeyBytes + 4 * extents),
    // A small key of etcd takes about 200 bytes with its revision and index.
    keyPerExtentBytes: volumes * extents * 200,
  }
}

type Measured = Pick<DurabilityAssumptions, 'copysets' | 'groups' | 'nodeBytes' | 'rebuilders'>

const assume = (options: SimulatorOptions, measured: Measured): DurabilityAssumptions => ({
  ...measured,
  copies: options.copies,
  nodes: options.nodes,
  racks: options.racks,
  volumeWidth: options.width,
  disksPerNode: options['disks-per-node'],
  repairBytesPerSecond: options['repair-mb'] * 1e6,
  rebuildDelaySeconds: options['rebuild-delay'],
  diskLossPerYear: options['disk-afr'] / 100,
  nodeLossPerYear: options['node-afr'] / 100,
  rackLossPerYear: options['rack-afr'] / 100,
  outagesPerYear: options.outages,
  outageLoss: options['outage-loss'] / 100,
})

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

function spreadOf(numbers: readonly number[]): Spread {
  const max = numbers.reduce((most, one) => Math.max(most, one), 0)
  return { mean: sum(numbers) / Math.max(1, numbers.length), max }
}
