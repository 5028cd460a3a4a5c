/** A simulation as text for a person. */
import { ninesOf } from './durability.ts'
import type { Simulation, Spread } from './simulate.ts'
import type { SimulatorOptions } from './simulator-options.ts'

export function describe(options: SimulatorOptions, simulation: Simulation): string {
  return [
    ...describeCell(options, simulation),
    '',
    ...describeChanges(simulation),
    '',
    ...describeMetadata(simulation),
    '',
    ...describeDurability(simulation),
    '',
    ...describeAssumptions(simulation),
    '',
    `Took ${describeTimes(simulation)}.`,
  ].join('\n')
}

function describeCell(options: SimulatorOptions, simulation: Simulation): string[] {
  const { groups, copysets, scatterWidth, capacity, primaries, conflicts } = simulation
  const zones = options.zones > 1 ? `, ${options.zones} zones` : ''
  return [
    `Placed ${options.volumes} volumes of ${inBytes(options['volume-gb'] * 1e9)}, ` +
      `${options.copies} copies, on ${options.nodes} nodes in ${options.racks} racks${zones}.`,
    row('groups', `${groups} in ${copysets} copysets`),
    row('extents per volume', `${simulation.extentsPerVolume}`),
    row('scatter width', `mean ${scatterWidth.mean.toFixed(1)}, max ${scatterWidth.max}`),
    row('capacity', `${percent(capacity.mean)} used, max/mean ${ratio(capacity)}`),
    row('primaries', `max/mean ${ratio(primaries)}`),
    row('members too close', `${conflicts}`),
  ]
}

function describeChanges({ changes }: Simulation): string[] {
  const lines = changes.map((change) => {
    const { what, movedBytes, leastBytes, fullestAfter, stuck } = change
    const part = leastBytes > 0 ? (movedBytes / leastBytes).toFixed(3) : '-'
    const text =
      `${inBytes(movedBytes).padStart(9)} moved, ${inBytes(leastBytes).padStart(9)} at least, ` +
      `ratio ${part}; fullest after: ${fullestAfter.toFixed(3)} of its share`
    return row(what, stuck > 0 ? `${text}; ${stuck} groups stay, for want of racks` : text)
  })
  return ['What moves when the cell changes:', ...lines]
}

function describeMetadata({ metadata }: Simulation): string[] {
  const { groupBytes, mapBytes, keyPerExtentBytes } = metadata
  return [
    'Keys and values in etcd, before its own overhead:',
    row('placement groups', inBytes(groupBytes)),
    row('volume maps', `${inBytes(mapBytes)} (4 bytes for each extent)`),
    row(
      'together',
      `${inBytes(groupBytes + mapBytes)}; a key per extent: ${inBytes(keyPerExtentBytes)}`,
    ),
  ]
}

function describeDurability({ durability }: Simulation): string[] {
  const nines = (loss: number) =>
    `${ninesOf(loss).toFixed(1)} nines (${loss.toExponential(1)} a year)`
  return [
    'Durability:',
    row('an extent', nines(durability.extentLossPerYear)),
    row('a volume', nines(durability.volumeLossPerYear)),
    row('all of the cell', nines(durability.anyLossPerYear)),
    row('repair of a disk', inTime(durability.diskRepairSeconds)),
    row('repair of a node', inTime(durability.nodeRepairSeconds)),
    row('repair of a rack', inTime(durability.rackRepairSeconds)),
    row('with one copy left', inTime(durability.urgentRepairSeconds)),
    row(
      'one outage of all',
      `loses something with a chance of ${percent(durability.anyLossPerOutage)}; ` +
        `with a copyset for each group ${percent(durability.anyLossPerOutageScattered)}`,
    ),
  ]
}

function describeAssumptions({ assumptions: assumed }: Simulation): string[] {
  return [
    'Assumed:',
    `  lost for good in a year: ${percent(assumed.diskLossPerYear)} of disks, ` +
      `${percent(assumed.nodeLossPerYear)} of nodes, ` +
      `${percent(assumed.rackLossPerYear)} of racks; ${assumed.disksPerNode} disks per node`,
    `  ${assumed.outagesPerYear} outages of all nodes a year, ` +
      `${percent(assumed.outageLoss)} of nodes do not come back from one`,
    `  repair begins after ${inTime(assumed.rebuildDelaySeconds)} at ` +
      `${inBytes(assumed.repairBytesPerSecond)}/s per node, ${assumed.rebuilders} nodes at once ` +
      `(what partners read and receivers write), ${inBytes(assumed.nodeBytes)} on a node`,
    '  losses are independent but for racks and outages; no damage by software or by hand',
  ]
}

const describeTimes = ({ timesMs }: Simulation): string =>
  Object.entries(timesMs)
    .map(([what, ms]) => `${(ms / 1000).toFixed(1)} s for ${what}`)
    .join(', ')

const row = (name: string, text: string): string => `  ${name.padEnd(20)}${text}`
const ratio = ({ mean, max }: Spread): string => (mean > 0 ? (max / mean).toFixed(3) : '-')
const percent = (part: number): string => `${Number((part * 100).toPrecision(3))} %`

export function inBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  while (value >= 999.5 && units.length > 1) {
    value /= 1000
    units.shift()
  }
  return `${Number(value.toPrecision(3))} ${units[0]}`
}

export function inTime(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
