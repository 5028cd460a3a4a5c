/** What cleaning the log of an aged store costs in writes, beside what theory says. */
import { type Aged, type AgingRig, nameOf, type WriteOrder } from './aging-rig.ts'
import {
  lruAmplification,
  separatedAmplification,
  uniformPages,
  zipfPages,
} from './cleaning-model.ts'
import { inThousands, type Report } from './report.ts'
import { inMicroseconds } from './section.ts'
import { emptyForStore, runStoreBench } from './store-bench.ts'

const GiB = 2 ** 30
const blockBytes = 4096
/** Of the log, how often it is written anew before and while it is measured. */
const warmUpRounds = 3
const measuredRounds = 2
const limitSeconds = 600

/** Leaves the store as it is then. */
export async function age(rig: AgingRig, order: WriteOrder, percent: number): Promise<Aged> {
  const { place, common, options } = rig
  emptyForStore(common.path, place.deviceBytes)
  // What is written in so many rounds of the log, by theory: enough when it is about right.
  const round = place.deviceBytes / theoryOf(order, place.deviceBytes, percent / 100).oneLog
  const args = {
    ...common,
    format: true,
    fill: true,
    spanPercent: percent,
    order,
    depth: 32,
    warmUp: Math.round(warmUpRounds * round),
    operations: Math.round((measuredRounds * round) / blockBytes),
  }
  const report = await runStoreBench(args, { build: options.build, seconds: limitSeconds })
  const written = (report.measured.deviceBytesWritten / report.measured.hostBytesWritten).toFixed(2)
  console.log(`  ${nameOf[order]}, ${percent} % full: amplification ${written}`)
  return { order, percent, report }
}

export interface Amplification {
  readonly all: number
  readonly headers: number
  readonly moved: number
  readonly index: number
}

export interface Amplified extends Aged {
  readonly amplification: Amplification
  /** On the store's capacity, and on all of its device. */
  readonly theory: Theory
  readonly onDevice: Theory
}

interface Theory {
  readonly oneLog: number
  readonly separated: number
}

export function theoryOf(order: WriteOrder, deviceBytes: number, liveShare: number): Theory {
  const places = deviceBytes / blockBytes
  const pages = Math.max(1, Math.round(places * liveShare))
  const classes = order === 'random' ? uniformPages(pages) : zipfPages(pages)
  const oneLog = lruAmplification(classes, places)
  return {
    oneLog,
    separated: order === 'random' ? oneLog : separatedAmplification(classes, places),
  }
}

/** For each byte from hosts: what the device was given, and what it consisted of. */
export function amplificationOf({ report }: Aged): Amplification {
  const { hostBytesWritten, deviceBytesWritten, movedBytesWritten, indexBytesWritten } =
    report.measured
  const others = hostBytesWritten + movedBytesWritten + indexBytesWritten
  const share = (bytes: number) => bytes / Math.max(hostBytesWritten, 1)
  return {
    all: share(deviceBytesWritten),
    headers: share(deviceBytesWritten - others),
    moved: share(movedBytesWritten),
    index: share(indexBytesWritten),
  }
}

export function amplificationReport({ device, place }: AgingRig, aged: readonly Aged[]): Report {
  const rows = aged.map((one): Amplified => {
    const { capacityBytes, liveBytes } = one.report.store
    const { deviceBytes } = one.report
    const theory = theoryOf(one.order, capacityBytes, liveBytes / capacityBytes)
    const onDevice = theoryOf(one.order, deviceBytes, liveBytes / deviceBytes)
    return { ...one, theory, onDevice, amplification: amplificationOf(one) }
  })
  return {
    name: 'store-aging',
    title: 'Write amplification of an aged store: bytes to the device for each byte from hosts',
    explanation: `4 KiB overwrites at depth 32 of all that a store holds on
${place.deviceBytes / GiB} GiB in memory, measured after ${warmUpRounds} rounds of its log.
${device.why}
Theory: data only, one log of the store's capacity cleaned oldest first; separated: with a log
for each of 16 classes of pages, told apart without error; of device: with the
reserve in use as well.`,
    head: [
      ...['', 'all', 'headers', 'moved', 'index'],
      ...['theory', 'separated', 'of device', 'IOPS', 'p99 us'],
    ],
    lines: rows.map(({ order, percent, report, theory, onDevice, amplification }) => [
      `${nameOf[order]}, ${percent} % full${report.full ? ' (no space)' : ''}`,
      ...[amplification.all, amplification.headers, amplification.moved].map(inHundredths),
      ...[amplification.index, theory.oneLog, theory.separated].map(inHundredths),
      inHundredths(onDevice.oneLog),
      inThousands(report.iops),
      inMicroseconds(report.latencyUs.p99),
    ]),
    data: { place, rows },
  }
}

function inHundredths(value: number): string {
  return value.toFixed(2)
}
