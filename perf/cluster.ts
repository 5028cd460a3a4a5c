/** Three gateways: what three copies of each block cost, against one copy in the same cell. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Cluster, startCluster } from '../test/support/cluster.ts'
import { root } from '../test/support/root.ts'
import { attachVolume } from './attached-volume.ts'
import { bestOf, type Measurement } from './measurement.ts'
import type { PerfOptions } from './options.ts'
import { storeAlone } from './path.ts'
import { endedChildrenSeconds, processSeconds } from './process-cpu.ts'
import { type LoadReport, measurementOf, runForJson } from './programs.ts'
import { inThousands, type Report } from './report.ts'
import { inMicroseconds } from './section.ts'
import { loadHostNqn } from './setting.ts'
import { fill, type LoadCase, type LoadTarget, runEcho, smallCases } from './target.ts'

const GiB = 2 ** 30

export interface ClusterPlace {
  readonly name: string
  readonly title: string
  readonly folder: string
  readonly durability: 'flush' | 'none'
  readonly volumeBytes: number
  readonly deviceBytes: number
}

export interface ClusterMeasurement extends Measurement {
  /** Of all processes together: control, gateways, the load. */
  readonly cpuUsPerIo: number
}

export interface ClusterRow {
  readonly name: string
  readonly oneCopy: ClusterMeasurement
  readonly threeCopies: ClusterMeasurement
}

/** What a write at depth 1 consists of, median latencies in microseconds. */
export interface Breakdown {
  readonly oneCopyUs: number
  readonly threeCopiesUs: number
  /** There and back over loopback, with a block and a header one way. */
  readonly roundTripUs: number
  readonly storeUs: number
}

export async function measureCluster(options: PerfOptions): Promise<Report[]> {
  const reports: Report[] = []
  for (const place of clusterPlaces(options))
    reports.push(await measurePlace(place, smallCases, options))
  return reports
}

export function clusterPlaces({ disk, memory }: PerfOptions): readonly ClusterPlace[] {
  const sizes = { volumeBytes: GiB / 2, deviceBytes: 4 * GiB }
  return [
    {
      name: 'disk',
      title: "Three copies against one, on the machine's disk, with flushes",
      folder: resolve(root, disk),
      durability: 'flush',
      ...sizes,
    },
    {
      name: 'memory',
      title: 'Three copies against one, on files in memory',
      folder: resolve(root, memory),
      durability: 'none',
      ...sizes,
    },
  ]
}

export async function measurePlace(
  place: ClusterPlace,
  cases: readonly LoadCase[],
  options: PerfOptions,
): Promise<Report> {
  mkdirSync(place.folder, { recursive: true })
  const folder = mkdtempSync(join(place.folder, 'ashlar-perf-cluster-'))
  const { volumeBytes: sizeBytes, deviceBytes } = place
  const cluster = await startCluster({ folder, gateways: 3, deviceBytes })
  const rows: ClusterRow[] = []
  try {
    const one = await attachVolume(cluster, { name: 'one', sizeBytes, copies: 1 })
    const three = await attachVolume(cluster, { name: 'three', sizeBytes, copies: 3 })
    for (const target of [one, three]) await fill(target, sizeBytes, options)
    for (const load of cases) rows.push(await measureCase(cluster, load, { one, three }, options))
  } finally {
    await cluster.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return reportOf(place, rows, await breakDown(place, rows, options))
}

async function measureCase(
  cluster: Cluster,
  load: LoadCase,
  { one, three }: { readonly one: LoadTarget; readonly three: LoadTarget },
  options: PerfOptions,
): Promise<ClusterRow> {
  const oneSeen: ClusterMeasurement[] = []
  const threeSeen: ClusterMeasurement[] = []
  for (let round = 0; round < options.rounds; round++) {
    oneSeen.push(await runOn(cluster, load, one, options))
    threeSeen.push(await runOn(cluster, load, three, options))
  }
  const row = { name: load.name, oneCopy: best(oneSeen), threeCopies: best(threeSeen) }
  const { oneCopy, threeCopies } = row
  console.log(`  ${load.name}: ${Math.round(oneCopy.iops)}, ${Math.round(threeCopies.iops)} IOPS`)
  return row
}

const best = (rounds: readonly ClusterMeasurement[]): ClusterMeasurement => ({
  ...bestOf(rounds),
  cpuUsPerIo: Math.min(...rounds.map(({ cpuUsPerIo }) => cpuUsPerIo)),
})

/** Nothing is pinned, and the load sleeps while it waits: more run than there are cores. */
async function runOn(
  cluster: Cluster,
  { blockBytes, depth, readPercent }: LoadCase,
  { address = '', port, subsystem }: LoadTarget,
  options: PerfOptions,
): Promise<ClusterMeasurement> {
  const pids = cluster.pids()
  const used = () =>
    pids.reduce((sum, pid) => sum + processSeconds(pid), 0) + endedChildrenSeconds()
  const before = used()
  const args = { address, port, subsystem, host: loadHostNqn, blockBytes, depth, readPercent }
  const report = await runForJson<ClusterLoadReport>('load-generator', args, options)
  const cpuUsPerIo = ((used() - before) * 1e6) / Math.max(report.all.operations, 1)
  return { ...measurementOf(report), cpuUsPerIo }
}

interface ClusterLoadReport extends LoadReport {
  readonly all: LoadReport['all'] & { readonly operations: number }
}

/** Undefined where no write at depth 1 was measured. */
async function breakDown(
  { folder, durability, deviceBytes, volumeBytes }: ClusterPlace,
  rows: readonly ClusterRow[],
  options: PerfOptions,
): Promise<Breakdown | undefined> {
  const load = smallCases.find(({ depth, readPercent }) => depth === 1 && readPercent === 0)
  const row = rows.find(({ name }) => name === load?.name)
  if (!load || !row) return undefined
  const sizes = { fileBytes: deviceBytes, spanBytes: volumeBytes }
  const store = await storeAlone(load, { folder, durability, ...sizes }, options)
  const echo = await runEcho(load, options)
  return {
    oneCopyUs: row.oneCopy.latencyUs.p50,
    threeCopiesUs: row.threeCopies.latencyUs.p50,
    roundTripUs: echo.latencyUs.p50,
    storeUs: store.latencyUs.p50,
  }
}

function reportOf(
  { name, title, volumeBytes }: ClusterPlace,
  rows: readonly ClusterRow[],
  breakdown: Breakdown | undefined,
): Report {
  const columns = ['p50 us', 'p99', 'p99.9', 'CPU us/IO']
  return {
    name: `cluster-${name}`,
    title,
    explanation: `One control and three gateways as processes, and the load, all on this machine's
cores. Volumes of ${volumeBytes / GiB} GiB, filled before; the primary of the three copies sends to
both others at once. CPU is that of all processes, the load's own too.${sentenceOf(breakdown)}`,
    head: ['', '1 copy IOPS', ...columns, '3 copies IOPS', ...columns, 'of IOPS', 'of p50'],
    lines: rows.map(({ name: what, oneCopy, threeCopies }) => [
      what,
      ...cellsOf(oneCopy),
      ...cellsOf(threeCopies),
      (threeCopies.iops / oneCopy.iops).toFixed(2),
      (threeCopies.latencyUs.p50 / oneCopy.latencyUs.p50).toFixed(2),
    ]),
    data: { rows, ...(breakdown && { breakdown }) },
  }
}

function sentenceOf(breakdown: Breakdown | undefined): string {
  if (!breakdown) return ''
  const { oneCopyUs, threeCopiesUs, roundTripUs, storeUs } = breakdown
  const us = (value: number) => `${inMicroseconds(value)} us`
  const more = us(threeCopiesUs - oneCopyUs)
  return [
    `\nA write at depth 1 takes ${us(oneCopyUs)} with one copy, ${us(threeCopiesUs)} with three:`,
    `${more} more. A round trip with a block takes ${us(roundTripUs)} here, a durable write of`,
    `the store alone ${us(storeUs)}: ${us(roundTripUs + storeUs)} together.`,
  ].join('\n')
}

function cellsOf({ iops, latencyUs: { p50, p99, p999 }, cpuUsPerIo }: ClusterMeasurement) {
  return [inThousands(iops), ...[p50, p99, p999, cpuUsPerIo].map(inMicroseconds)]
}
