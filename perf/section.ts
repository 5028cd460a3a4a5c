/** Ours beside theirs, case by case: the form of most measurements. */
import { type Measurement, ratioOf } from './measurement.ts'
import { inThousands, type Report } from './report.ts'

export interface Row {
  readonly name: string
  readonly ours: Measurement
  readonly theirs: Measurement
}

export interface Section {
  /** Names the JSON file. */
  readonly name: string
  readonly title: string
  /** What is compared with what, in sentences. */
  readonly explanation: string
  readonly oursTitle: string
  readonly theirsTitle: string
  readonly rows: readonly Row[]
}

export function reportOf(section: Section): Report {
  const { name, title, explanation, oursTitle, theirsTitle, rows } = section
  const columns = ['best 0.1 s', 'p50 us', 'p99', 'p99.9']
  return {
    name,
    title,
    explanation,
    head: ['', `${oursTitle} IOPS`, ...columns, theirsTitle, ...columns, 'ratio', 'of p50'],
    lines: rows.map(lineOf),
    data: {
      oursTitle,
      theirsTitle,
      rows: rows.map((row) => ({ ...row, ratio: ratioOf(row.ours, row.theirs) })),
    },
  }
}

function lineOf({ name, ours, theirs }: Row): string[] {
  const { rate, latency } = ratioOf(ours, theirs)
  return [name, ...cellsOf(ours), ...cellsOf(theirs), rate.toFixed(2), latency.toFixed(2)]
}

function cellsOf({ iops, bestIops, latencyUs: { p50, p99, p999 } }: Measurement): string[] {
  return [...[iops, bestIops].map(inThousands), ...[p50, p99, p999].map(inMicroseconds)]
}

export function inMicroseconds(us: number): string {
  return us >= 1000 ? us.toFixed(0) : us.toFixed(1)
}
