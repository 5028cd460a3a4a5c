/** What one measurement found: printed as a table, kept as JSON. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Table from 'cli-table3'
import { root } from '../test/support/root.ts'
import type { Machine } from './machine.ts'

export interface Report {
  /** Names the JSON file. */
  readonly name: string
  readonly title: string
  /** What is measured and how, in sentences. */
  readonly explanation: string
  readonly head: readonly string[]
  /** The cells of each line, the first says what it is. */
  readonly lines: readonly (readonly string[])[]
  /** The same in full, for programs. */
  readonly data: Readonly<Record<string, unknown>>
}

export function printReport({ title, explanation, head, lines }: Report): void {
  const table = new Table({
    head: [...head],
    colAligns: ['left', ...Array<'right'>(Math.max(head.length - 1, 0)).fill('right')],
    style: { head: [], border: [], compact: true },
  })
  for (const line of lines) table.push([...line])
  const body = lines.length > 0 ? `\n${table.toString()}` : ''
  console.log(`\n${title}\n${explanation}${body}`)
}

/** Under perf/results, which is not kept in the repository. The file's path, from the root. */
export function writeReport(
  { name, title, explanation, data }: Report,
  machine: Machine,
  now: Date,
): string {
  const folder = join('perf', 'results')
  mkdirSync(join(root, folder), { recursive: true })
  const stamp = now.toISOString().replace(/[:.]/g, '-')
  const path = join(folder, `${name}-${stamp}.json`)
  const report = { name, title, explanation, measuredAt: now.toISOString(), machine, ...data }
  writeFileSync(join(root, path), `${JSON.stringify(report, null, 2)}\n`)
  return path
}

export function inThousands(value: number): string {
  return value >= 100_000 ? `${Math.round(value / 1000)} k` : `${(value / 1000).toFixed(1)} k`
}
