/** The store alone, against fio on the same file with the same size, depth and durability. */
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from '../test/support/root.ts'
import { layOutFile, runFio } from './fio.ts'
import { alternate, type Measurement } from './measurement.ts'
import type { PerfOptions, RunOptions } from './options.ts'
import { runForJson } from './programs.ts'
import type { Row, Section } from './section.ts'
import { targetCpu } from './setting.ts'

export interface StoreCase {
  readonly name: string
  readonly verb: 'read' | 'write'
  readonly sequential: boolean
  readonly ioBytes: number
  readonly depth: number
}

const MiB = 2 ** 20
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
  readonly fileBytes: number
  readonly spanBytes: number
  readonly durability: 'flush' | 'none'
}

export function storePlaces(options: PerfOptions): readonly StorePlace[] {
  const disk = resolve(root, options.disk)
  return [
    {
      name: 'store-disk',
      title: "The store alone, on the machine's disk, with flushes",
      folder: disk,
      fileBytes: 8 * GiB,
      spanBytes: GiB,
      durability: 'flush',
    },
    {
      name: 'store-disk-unflushed',
      title: "The store alone, on the machine's disk, without flushes",
      folder: disk,
      fileBytes: 8 * GiB,
      spanBytes: GiB,
      durability: 'none',
    },
    {
      name: 'store-memory',
      title: 'The store alone, on a file in memory, which has nothing to flush',
      folder: resolve(root, options.memory),
      fileBytes: 6 * GiB,
      spanBytes: GiB,
      durability: 'none',
    },
  ]
}

export async function measureStore(options: PerfOptions): Promise<Section[]> {
  const sections: Section[] = []
  for (const place of storePlaces(options)) {
    sections.push(await measurePlace(place, storeCases, options))
  }
  return sections
}

export async function measurePlace(
  place: StorePlace,
  cases: readonly StoreCase[],
  options: PerfOptions,
): Promise<Section> {
  const { spanBytes } = place
  const path = join(place.folder, 'ashlar-perf-store')
  mkdirSync(place.folder, { recursive: true })
  console.log(`${place.title}: writing a file of ${place.fileBytes / GiB} GiB first`)
  const rows: Row[] = []
  try {
    await layOutFile(path, place.fileBytes)
    for (const storeCase of cases) {
      await prepare(storeCase, { ...place, path }, options)
      const { ours, theirs } = await alternate(
        options.rounds,
        () => {
          if (storeCase.verb === 'write') emptyForStore(path, place.fileBytes)
          return runStore(storeCase, { ...place, path }, options)
        },
        () => {
          const durable = place.durability === 'flush'
          return runFio({ ...storeCase, path, spanBytes, durable, seconds: options.seconds })
        },
      )
      rows.push({ name: storeCase.name, ours, theirs })
      console.log(`  ${storeCase.name}: ${Math.round(ours.bestIops)} IOPS`)
    }
  } finally {
    rmSync(path, { force: true })
  }
  return {
    name: place.name,
    title: place.title,
    explanation: `Both on the same file of ${place.fileBytes / GiB} GiB, past the page cache,
over ${spanBytes / GiB} GiB of it. The store verifies a checksum with every read,
and makes one with every write.`,
    oursTitle: 'store',
    theirsTitle: 'fio',
    rows,
  }
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
  return runForJson<Measurement>('store-bench', args, options)
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
  await runForJson('store-bench', args, { build, seconds: 60 })
}

/** The store takes a device only when nothing lies where it would put what names it. */
function emptyForStore(path: string, fileBytes: number): void {
  const headBytes = 4 * MiB
  const file = openSync(path, 'r+')
  try {
    writeSync(file, Buffer.alloc(headBytes), 0, headBytes, 0)
    writeSync(file, Buffer.alloc(MiB), 0, MiB, fileBytes - MiB)
  } finally {
    closeSync(file)
  }
}
