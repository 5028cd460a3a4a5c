/**
 * How likely data are lost: a Markov chain over the copies of one group.
 *
 * A group loses its copies when, after one is lost, every other one is lost before its successor
 * has been filled. With rates far below one loss per repair the chance per year is, for copies
 * n, a rate of loss λ for each copy and repair times T_i with i copies lost,
 * n·λ · (n-1)·λ·T_1 · (n-2)·λ·T_2 …, as in Q. Xin et al., Reliability Mechanisms for Very Large
 * Storage Systems, MSST 2003. How repair time shrinks and the number of ways to lose something
 * grows with scatter width is that of A. Cidon et al., Copysets, USENIX ATC 2013.
 */

export interface DurabilityAssumptions {
  readonly copies: number
  readonly nodes: number
  readonly racks: number
  readonly groups: number
  readonly copysets: number
  /** Over how many groups a volume is spread. */
  readonly volumeWidth: number
  readonly disksPerNode: number
  /** What lies on a node, on average. */
  readonly nodeBytes: number
  /** How many nodes read for the repair of one node, or write for it: whichever are fewer. */
  readonly rebuilders: number
  /** What a node may spend on repair, both for reading and for writing. */
  readonly repairBytesPerSecond: number
  /** From the loss to the beginning of repair. */
  readonly rebuildDelaySeconds: number
  /** Chance per year that a disk, all of a node, or all of a rack is lost for good. */
  readonly diskLossPerYear: number
  readonly nodeLossPerYear: number
  readonly rackLossPerYear: number
  /** How often all nodes go down at once, and what part of them does not come back. */
  readonly outagesPerYear: number
  readonly outageLoss: number
}

export interface Durability {
  readonly diskRepairSeconds: number
  readonly nodeRepairSeconds: number
  readonly rackRepairSeconds: number
  /** With one copy left, the most urgent repair. */
  readonly urgentRepairSeconds: number
  /** Chance per year that a given extent, a given volume, anything at all is lost. */
  readonly extentLossPerYear: number
  readonly volumeLossPerYear: number
  readonly anyLossPerYear: number
  /** Chance that an outage loses anything, and what it were with a copyset for each group. */
  readonly anyLossPerOutage: number
  readonly anyLossPerOutageScattered: number
}

const secondsPerYear = 365.25 * 86_400

export function modelDurability(assumed: DurabilityAssumptions): Durability {
  const { copies, copysets, groups, outageLoss, outagesPerYear } = assumed
  const times = repairTimes(assumed)
  // An outage takes all copies of one group with the chance that each of them stays away.
  const groupLossPerOutage = outageLoss ** copies
  const extentLossPerYear = atLeastOne(
    lossRate(assumed, times) + groupLossPerOutage * outagesPerYear,
    1,
  )
  const lossIn = (count: number) => atLeastOne(extentLossPerYear, count)
  return {
    diskRepairSeconds: times.disk,
    nodeRepairSeconds: times.node,
    rackRepairSeconds: times.rack,
    urgentRepairSeconds: times.urgent,
    extentLossPerYear,
    volumeLossPerYear: lossIn(Math.min(assumed.volumeWidth, groups)),
    anyLossPerYear: lossIn(copysets),
    anyLossPerOutage: atLeastOne(groupLossPerOutage, copysets),
    anyLossPerOutageScattered: atLeastOne(groupLossPerOutage, groups),
  }
}

/** How many nines a chance of loss leaves: 0.001 is three. */
export const ninesOf = (loss: number): number =>
  loss > 0 ? Math.max(0, -Math.log10(loss)) : Number.POSITIVE_INFINITY

/** The chance of at least one of `count` independent ones, exact where 1 - chance rounds to 1. */
const atLeastOne = (chance: number, count: number): number =>
  chance >= 1 ? 1 : -Math.expm1(count * Math.log1p(-chance))

interface RepairTimes {
  readonly disk: number
  readonly node: number
  readonly rack: number
  readonly urgent: number
}

function repairTimes(assumed: DurabilityAssumptions): RepairTimes {
  const { nodes, racks, nodeBytes, repairBytesPerSecond, rebuildDelaySeconds } = assumed
  const spent = (bytes: number, rebuilders: number) =>
    rebuildDelaySeconds + bytes / (Math.max(1, rebuilders) * repairBytesPerSecond)
  const perRack = nodes / racks
  // A rack's nodes are refilled by all others, or by as many as all its copysets reach.
  const rackRebuilders = Math.min(nodes - perRack, assumed.rebuilders * perRack)
  // What two nodes share lies in few copysets: each is filled by one node, or more.
  const setBytes = (nodeBytes * nodes) / assumed.copies / assumed.copysets
  return {
    disk: spent(nodeBytes / assumed.disksPerNode, assumed.rebuilders),
    node: spent(nodeBytes, assumed.rebuilders),
    rack: spent(nodeBytes * perRack, rackRebuilders),
    urgent: spent(setBytes, 1),
  }
}

/**
 * Losses per year of one group: whatever goes first, the other copies go by disk, node or rack. A
 * repair is counted with its whole length, though the next loss may come late in it.
 */
function lossRate(assumed: DurabilityAssumptions, times: RepairTimes): number {
  const { copies, diskLossPerYear, nodeLossPerYear, rackLossPerYear } = assumed
  const each = diskLossPerYear + nodeLossPerYear + rackLossPerYear
  const afterFirst = (seconds: number) => {
    let chance = 1
    for (let lost = 1; lost < copies; lost++) {
      const exposed = (lost === 1 ? seconds : times.urgent) / secondsPerYear
      chance *= atLeastOne(Math.min(1, each * exposed), copies - lost)
    }
    return chance
  }
  return (
    copies *
    (diskLossPerYear * afterFirst(times.disk) +
      nodeLossPerYear * afterFirst(times.node) +
      rackLossPerYear * afterFirst(times.rack))
  )
}
