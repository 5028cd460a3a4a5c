/** What a stage of the run is given and what it is. */
import type { Report } from './report.ts'

export interface RunOptions {
  /** Words that are no stage: only files or executables whose path holds one of them run. */
  readonly filters: readonly string[]
  readonly fuzzSeconds: number
  /** On the build server nothing may be skipped for want of a tool. */
  readonly isCi: boolean
}

export interface Stage {
  readonly name: string
  readonly title: string
  run(report: Report, options: RunOptions): Promise<void>
}

export function isChosen(path: string, options: RunOptions): boolean {
  return options.filters.length === 0 || options.filters.some((word) => path.includes(word))
}
