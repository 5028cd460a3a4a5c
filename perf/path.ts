/** The whole path: a volume made and attached over the API, loaded, on a gateway's disk. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { startCluster } from '../test/support/cluster.ts'
import { root } from '../test/support/root.ts'
import { attachVolume } from './attached-volume.ts'
import { alternate, type Measurement } from './measurement.ts'
import type { PerfOptions } from './options.ts'
import type { Report } from './report.ts'
import { type Row, reportOf, type Section } from './section.ts'
import { loadCpu, ramSubsystemNqn, targetCpu } from './setting.ts'
import { prepare, runStore, type StoreCase, type StoreFile } from './store.ts'
import { fill, type LoadCase, runLoad, smallCases, startRamTarget } from './target.ts'

const GiB = 2 ** 30
const volumeBytes = GiB
const deviceBytes = 6 * GiB

export interface PathPlace {
  readonly name: string
  readonly title: string
  readonly folder: string
  readonly durability: 'flush' | 'none'
}

export async function measurePath(options: PerfOptions): Promise<Report[]> {
  const sections: Section[] = []
  for (const place of pathPlaces(options)) {
    sections.push(...(await measurePlace(place, smallCases, options)))
  }
  return sections.map(reportOf)
}

export function pathPlaces(options: PerfOptions): readonly PathPlace[] {
  return [
    {
      name: 'disk',
      title: "The whole path, on the machine's disk, with flushes",
      folder: resolve(root, options.disk),
      durability: 'flush',
    },
    {
      name: 'memory',
      title: 'The whole path, on files in memory',
      folder: resolve(root, options.memory),
      durability: 'none',
    },
  ]
}

/** Against the store alone on the same file system, and against the target alone. */
export async function measurePlace(
  place: PathPlace,
  cases: readonly LoadCase[],
  options: PerfOptions,
): Promise<Section[]> {
  mkdirSync(place.folder, { recursive: true })
  const folder = mkdtempSync(join(place.folder, 'ashlar-perf-path-'))
  const cluster = await startCluster({ folder, gateways: 1, deviceBytes })
  const target = await startRamTarget()
  const alone = { ...place, fileBytes: deviceBytes, spanBytes: volumeBytes }
  const againstStore: Row[] = []
  const againstTarget: Row[] = []
  try {
    pin(cluster.pidOf(0), targetCpu)
    const volume = { name: 'perf', sizeBytes: volumeBytes, copies: 1 }
    const attached = await attachVolume(cluster, volume)
    const ram = { port: target.port, subsystem: ramSubsystemNqn }
    await fill(attached, volumeBytes, options)
    await fill(ram, volumeBytes, options)
    for (const load of cases) {
      const path = () => runLoad(load, attached, options)
      const store = await alternate(options.rounds, path, () => storeAlone(load, alone, options))
      const bare = await alternate(options.rounds, path, () => runLoad(load, ram, options))
      againstStore.push({ name: load.name, ...store })
      againstTarget.push({ name: load.name, ...bare })
      console.log(`  ${load.name}: ${Math.round(store.ours.bestIops)} IOPS`)
    }
  } finally {
    await target.stop()
    await cluster.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const explanation = `One control and one gateway as processes, the gateway on core ${targetCpu},
the load on core ${loadCpu}. A volume of ${volumeBytes / GiB} GiB attached over the API,
filled before.`
  const common = { title: place.title, explanation, oursTitle: 'path' }
  return [
    { ...common, name: `path-${place.name}-store`, theirsTitle: 'store', rows: againstStore },
    { ...common, name: `path-${place.name}-target`, theirsTitle: 'RAM', rows: againstTarget },
  ]
}

/** Every thread of the process, as the target alone is pinned. */
function pin(pid: number, cpu: number): void {
  execFileSync('taskset', ['-a', '-c', '-p', String(cpu), String(pid)], { stdio: 'ignore' })
}

/** Reads what it wrote before; writes to a store that is new. */
export async function storeAlone(
  load: LoadCase,
  place: Omit<StoreFile, 'path'> & { readonly folder: string },
  options: PerfOptions,
): Promise<Measurement> {
  const folder = mkdtempSync(join(place.folder, 'ashlar-perf-store-'))
  try {
    const storeCase: StoreCase = {
      name: load.name,
      verb: load.readPercent === 100 ? 'read' : 'write',
      sequential: false,
      ioBytes: load.blockBytes,
      depth: load.depth,
    }
    const { fileBytes, spanBytes, durability } = place
    const file = { path: join(folder, 'store'), fileBytes, spanBytes, durability }
    await prepare(storeCase, file, options)
    return await runStore(storeCase, file, options)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
