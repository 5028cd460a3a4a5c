/** The index in memory: its size, and what a ceiling below its need costs. */
import { type Aged, type AgingRig, nameOf, orders, type WriteOrder } from './aging-rig.ts'
import { inThousands, type Report } from './report.ts'
import { inMicroseconds } from './section.ts'
import { runStoreBench, type StoreReport } from './store-bench.ts'

export interface IndexCase {
  readonly order: WriteOrder
  /** Of what the index needs; 1: no ceiling. */
  readonly share: number
  readonly bytesPerBlock: number
  readonly hitRate: number
  readonly report: StoreReport
}

const shares = [1, 1 / 2, 1 / 4]

/** Reads the aged store, with no ceiling and with ceilings of a half and a quarter of the need. */
export async function measureIndex(rig: AgingRig, { report }: Aged): Promise<IndexCase[]> {
  const { indexBytes, liveBytes } = report.store
  const found: IndexCase[] = []
  for (const order of orders) {
    for (const share of shares) {
      const ceiling = share === 1 ? 0 : Math.floor(indexBytes * share)
      found.push(await readWithCeiling(rig, order, share, ceiling, liveBytes))
    }
  }
  return found
}

async function readWithCeiling(
  { common, options }: AgingRig,
  order: WriteOrder,
  share: number,
  indexBytes: number,
  liveBytes: number,
): Promise<IndexCase> {
  const span = Math.floor(liveBytes / 4096) * 4096
  const args = { ...common, verb: 'read', order, depth: 32, span, indexBytes }
  const report = await runStoreBench(args, options)
  const { indexHits, indexMisses } = report.measured
  const looked = indexHits + indexMisses
  return {
    order,
    share,
    bytesPerBlock: report.store.indexBytes / (report.store.liveBytes / 4096),
    hitRate: looked === 0 ? 1 : indexHits / looked,
    report,
  }
}

export function indexReport({ place }: AgingRig, found: readonly IndexCase[]): Report {
  return {
    name: 'store-index',
    title: 'The index in memory, with and without a ceiling',
    explanation: `4 KiB reads at depth 32 of a store ${place.percentInDetail} % full, all over it.
Bytes of memory for each 4 KiB block held (wanted: 16 at most), and how often what is looked
for is there.`,
    head: ['', 'MiB', 'bytes/block', 'hit rate', 'read IOPS', 'p50 us', 'p99 us'],
    lines: found.map(({ order, share, bytesPerBlock, hitRate, report }) => [
      `${nameOf[order]}, ${share === 1 ? 'no ceiling' : `${share * 100} % of the need`}`,
      (report.store.indexBytes / 2 ** 20).toFixed(1),
      bytesPerBlock.toFixed(1),
      `${(hitRate * 100).toFixed(1)} %`,
      inThousands(report.iops),
      inMicroseconds(report.latencyUs.p50),
      inMicroseconds(report.latencyUs.p99),
    ]),
    data: { place, rows: found },
  }
}
