/**
 * A store that has been overwritten for long: what cleaning its log costs, in writes and in time.
 *
 * On a device in memory, so that rounds of the log take seconds, with small segments, so that what
 * is kept in reserve is as small a share of it as on a large device.
 */
import { resolve } from 'node:path'
import { root } from '../test/support/root.ts'
import { type Aged, type AgingPlace, type AgingRig, orders } from './aging-rig.ts'
import { age, amplificationReport } from './amplification.ts'
import { layOutFile } from './fio.ts'
import { makeMemoryDevice } from './loop-device.ts'
import type { PerfOptions } from './options.ts'
import type { Report } from './report.ts'
import { targetCpu } from './setting.ts'
import { type IndexCase, indexReport, measureIndex } from './store-index.ts'
import { type BesideCompaction, latencyReport, measureBesideCompaction } from './store-latency.ts'

const GiB = 2 ** 30

export const agingPlace: AgingPlace = {
  deviceBytes: 4 * GiB,
  segmentBytes: 4 * 2 ** 20,
  percents: [50, 70, 80, 90],
  percentInDetail: 80,
}

export async function measureAging(
  options: PerfOptions,
  place: AgingPlace = agingPlace,
): Promise<Report[]> {
  const device = makeMemoryDevice(resolve(root, options.memory), place.deviceBytes)
  const { segmentBytes } = place
  const common = { path: device.path, durability: 'none', segmentBytes, cpu: targetCpu } as const
  const rig: AgingRig = { device, place, options, common }
  try {
    await layOutFile(device.path, place.deviceBytes)
    const aged: Aged[] = []
    const besides: BesideCompaction[] = []
    const indexes: IndexCase[] = []
    for (const order of orders) {
      for (const percent of place.percents) {
        const found = await age(rig, order, percent)
        aged.push(found)
        if (percent !== place.percentInDetail) continue
        if (order === 'random') indexes.push(...(await measureIndex(rig, found)))
        besides.push(await measureBesideCompaction(rig, found))
      }
    }
    return [amplificationReport(rig, aged), latencyReport(rig, besides), indexReport(rig, indexes)]
  } finally {
    device.close()
  }
}
