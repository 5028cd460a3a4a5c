/** The store alone, against fio on the same file with the same size, depth and durability. */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from '../test/support/root.ts'
import { layOutFile, runFio } from './fio.ts'
import { type MemoryDevice, makeMemoryDevice } from './loop-device.ts'
import { alternate, type Measurement } from './measurement.ts'
import type { PerfOptions, RunOptions } from './options.ts'
import type { Report } from './report.ts'
import { type Row, reportOf, type Section } from './section.ts'
import { targetCpu } from './setting.ts'
import { emptyForStore, runStoreBench } from './store-bench.ts'

export interface StoreCase {
  readonly name: string
  readonly verb: 'read' | 'write'
  readonly sequential: boolean
  readonly ioBytes: number
  readonly depth: number
}

const GiB = 2 ** 30
const fillBytes = 128 * 1024

export const storeCases: readonly StoreCase[] = [
  ...(['write', 'read'] as const).flatMap((verb) =>
    [1, 32, 128].map((depth) => ({
      name: `4 KiB random ${verb}, depth ${depth}`,
      verb,
      sequential: false,
      ioBytes: 4096,
      depth,
    })),
  ),
  ...(['write', 'read'] as const).map((verb) => ({
    name: `128 KiB sequential ${verb}, depth 8`,
    verb,
    sequential: true,
    ioBytes: 128 * 1024,
    depth: 8,
  })),
]

export interface StorePlace {
  readonly name: string
  readonly title: string
  readonly folder: string
  /** A device in the memory that the folder is in, not a file in the folder. */
  readonly inMemory: boolean
  readonly fileBytes: number
  readonly spanBytes: number
  readonly durability: 'flush' | 'none'
}

export function storePlaces(options: PerfOptions): readonly StorePlace[] {
  return [
    {
      name: 'store-disk',
      title: "The store alone, on the machine's disk, with flushes",
      folder: resolve(root, options.disk),
      inMemory: false,
      fileBytes: 8 * GiB,
      spanBytes: GiB,
      durability: 'flush',
    },
    {
      name: 'store-memory',
      title: 'The store alone, on a block device in memory, without flushes',
      folder: resolve(root, options.memory),
      inMemory: true,
      fileBytes: 6 * GiB,
      spanBytes: GiB,
      durability: 'none',
    },
  ]
}

export async function measureStore(options: PerfOptions): Promise<Report[]> {
  const reports: Report[] = []
  for (const place of storePlaces(options)) {
    reports.push(reportOf(await measurePlace(place, storeCases, options)))
  }
  return reports
}

export async function measurePlace(
  place: StorePlace,
  cases: readonly StoreCase[],
  options: PerfOptions,
): Promise<Section> {
  const { title, fileBytes, spanBytes } = place
  console.log(`${title}: writing ${fileBytes / GiB} GiB first`)
  const device = makeDevice(place)
  const rows: Row[] = []
  try {
    await layOutFile(device.path, fileBytes)
    for (const storeCase of cases) {
      rows.push(await measureCase(storeCase, { ...place, path: device.path }, options))
    }
  } finally {
    device.close()
  }
  return {
    name: place.name,
    title,
    explanation: `Both on the same ${fileBytes / GiB} GiB, past the page cache, over
${spanBytes / GiB} GiB of it. The store verifies a checksum with every read, and makes one with
every write. ${device.why}`,
    oursTitle: 'store',
    theirsTitle: 'fio',
    rows,
  }
}

function makeDevice({ folder, fileBytes, inMemory }: StorePlace): MemoryDevice {
  if (inMemory) return makeMemoryDevice(folder, fileBytes)
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'ashlar-perf-store')
  return { path, why: '', close: () => rmSync(path, { force: true }) }
}

async function measureCase(
  storeCase: StoreCase,
  file: StoreFile,
  options: PerfOptions,
): Promise<Row> {
  const { path, fileBytes, spanBytes, durability } = file
  await prepare(storeCase, file, options)
  const durable = durability === 'flush'
  const { seconds } = options
  const measured = await alternate(
    options.rounds,
    () => {
      if (storeCase.verb === 'write') emptyForStore(path, fileBytes)
      return runStore(storeCase, file, options)
    },
    () => runFio({ ...storeCase, path, spanBytes, durable, seconds }),
  )
  console.log(`  ${storeCase.name}: ${Math.round(measured.ours.bestIops)} IOPS`)
  return { name: storeCase.name, ...measured }
}

export interface StoreFile {
  /** Made when it is not there. */
  readonly path: string
  readonly fileBytes: number
  readonly spanBytes: number
  readonly durability: 'flush' | 'none'
}

/** Writes to a store made for it; reads what prepare() has written. */
export async function runStore(
  { verb, sequential, ioBytes, depth }: StoreCase,
  { path, fileBytes, spanBytes, durability }: StoreFile,
  options: RunOptions,
): Promise<Measurement> {
  const fresh = verb === 'write'
  const file = {
    path,
    bytes: fileBytes,
    format: fresh,
    span: spanBytes,
    durability,
  }
  const order = sequential ? 'sequential' : 'random'
  const args = { ...file, verb, order, ioBytes, depth, cpu: targetCpu }
  return runStoreBench(args, options)
}

/** What is to be read is written before, so that no round reads from a disk that still writes. */
export async function prepare(
  { verb }: StoreCase,
  { path, fileBytes, spanBytes, durability }: StoreFile,
  { build }: RunOptions,
): Promise<void> {
  if (verb === 'write') return
  if (existsSync(path)) emptyForStore(path, fileBytes)
  const file = { path, bytes: fileBytes, format: true, fill: true, span: spanBytes, durability }
  const args = { ...file, verb, ioBytes: fillBytes, depth: 8, operations: 1 }
  await runStoreBench(args, { build, seconds: 60 })
}
