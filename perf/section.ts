/** One measurement's results: printed as a table, kept as JSON. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Table from 'cli-table3'
import { root } from '../test/support/root.ts'
import type { Machine } from './machine.ts'
import { type Measurement, ratioOf } from './measurement.ts'

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

export function printSection(section: Section): void {
  const { title, explanation, oursTitle, theirsTitle, rows } = section
  const head = ['', `${oursTitle} IOPS`, 'best 0.1 s', 'p50 us', 'p99 us']
  const table = new Table({
    head: [...head, `${theirsTitle} IOPS`, 'best 0.1 s', 'p50 us', 'ratio', 'of p50'],
    colAligns: ['left', ...Array<'right'>(9).fill('right')],
    style: { head: [], border: [], compact: true },
  })
  for (const { name, ours, theirs } of rows) {
    const { rate, latency } = ratioOf(ours, theirs)
    table.push([
      name,
      ...[ours.iops, ours.bestIops].map(inThousands),
      ...[ours.latencyUs.p50, ours.latencyUs.p99].map((us) => us.toFixed(1)),
      ...[theirs.iops, theirs.bestIops].map(inThousands),
      theirs.latencyUs.p50.toFixed(1),
      rate.toFixed(2),
      latency.toFixed(2),
    ])
  }
  console.log(`\n${title}\n${explanation}\n${table.toString()}`)
}

export function inThousands(value: number): string {
  return value >= 100_000 ? `${Math.round(value / 1000)} k` : `${(value / 1000).toFixed(1)} k`
}

/** Under perf/results, which is not kept in the repository. The file's path, from the root. */
export function writeSection(section: Section, machine: Machine, now: Date): string {
  const folder = join('perf', 'results')
  mkdirSync(join(root, folder), { recursive: true })
  const stamp = now.toISOString().replace(/[:.]/g, '-')
  const path = join(folder, `${section.name}-${stamp}.json`)
  const rows = section.rows.map((row) => ({ ...row, ratio: ratioOf(row.ours, row.theirs) }))
  const report = { ...section, measuredAt: now.toISOString(), machine, rows }
  writeFileSync(join(root, path), `${JSON.stringify(report, null, 2)}\n`)
  return path
}
