/** Foreground writes at a fixed rate, with compaction at work and without. */
import { type Aged, type AgingRig, nameOf } from './aging-rig.ts'
import { inThousands, type Report } from './report.ts'
import { inMicroseconds } from './section.ts'
import { emptyForStore, runStoreBench, type StoreReport } from './store-bench.ts'

/** Of what the aged store takes at most, so that waiting in line is not what is measured. */
const rateShare = 0.5
/** As many as may be late at once before the load waits with them. */
const depth = 512
/** Of the fresh store: little enough that nothing needs to be cleaned while it is measured. */
const freshPercent = 20
const secondsMax = 4
const warmUpShare = 0.1

export interface BesideCompaction {
  readonly aged: Aged
  readonly rate: number
  readonly beside: StoreReport
  readonly fresh: StoreReport
  /** How many times as long the slowest hundredth takes beside compaction. */
  readonly ratioP99: number
}

/** Takes the aged store as it is, and leaves a fresh one in its place. */
export async function measureBesideCompaction(
  { place, common, options }: AgingRig,
  aged: Aged,
): Promise<BesideCompaction> {
  const { order, report } = aged
  const rate = Math.max(1, Math.floor(report.iops * rateShare))
  const { capacityBytes, liveBytes } = report.store
  const room = (capacityBytes * (90 - freshPercent)) / 100 / 4096
  const seconds = Math.max(1, Math.min(secondsMax, Math.floor(room / rate)))
  const load = { ...common, order, rate, depth, seconds }
  const run = { build: options.build, seconds: seconds + 60 }
  const span = Math.floor(liveBytes / 4096) * 4096
  // Opening leaves the index to be read at first use: that is not compaction.
  const warmUp = Math.floor(place.deviceBytes * warmUpShare)
  const besides: StoreReport[] = []
  const freshes: StoreReport[] = []
  for (let round = 0; round < options.rounds; round++) {
    besides.push(await runStoreBench({ ...load, span, warmUp }, run))
  }
  for (let round = 0; round < options.rounds; round++) {
    emptyForStore(common.path, place.deviceBytes)
    const fresh = { format: true, fill: true, spanPercent: freshPercent }
    freshes.push(await runStoreBench({ ...load, ...fresh }, run))
  }
  const beside = calmest(besides)
  const fresh = calmest(freshes)
  const ratioP99 = beside.latencyUs.p99 / fresh.latencyUs.p99
  console.log(`  ${nameOf[order]}, beside compaction: p99 ${ratioP99.toFixed(2)} times as long`)
  return { aged, rate, beside, fresh, ratioP99 }
}

/** A round that was told there is no room says nothing about latency. */
function calmest(rounds: readonly StoreReport[]): StoreReport {
  if (rounds.some(({ full }) => full)) throw new Error('A store was full that should not be.')
  return rounds.reduce((best, round) => (round.latencyUs.p99 < best.latencyUs.p99 ? round : best))
}

export function latencyReport({ place }: AgingRig, found: readonly BesideCompaction[]): Report {
  const { percentInDetail } = place
  return {
    name: 'store-latency',
    title: 'Foreground writes beside compaction',
    explanation: `4 KiB overwrites begun at a fixed rate, ${rateShare * 100} % of what the aged
store takes at most: of a store ${percentInDetail} % full while it is compacted, and of a fresh one
that needs no compaction yet. Of each the round with the lowest p99. Latency counts from when an
operation was due. Wanted: p99 at most 3 times as long.`,
    head: ['', 'writes/s', 'moved/written', 'p50 us', 'p99', 'p99.9', 'p99 ratio'],
    lines: found.flatMap(({ aged, rate, beside, fresh, ratioP99 }) => [
      [`${nameOf[aged.order]}, fresh`, inThousands(rate), ...cellsOf(fresh), ''],
      [
        `${nameOf[aged.order]}, beside compaction`,
        inThousands(rate),
        ...cellsOf(beside),
        ratioP99.toFixed(2),
      ],
    ]),
    data: { place, rows: found },
  }
}

function cellsOf({ measured, latencyUs: { p50, p99, p999 } }: StoreReport): string[] {
  const moved = measured.movedBytesWritten / measured.hostBytesWritten
  return [moved.toFixed(2), ...[p50, p99, p999].map(inMicroseconds)]
}
