/** What the run has shown so far: counts, failures to print at the end, progress lines. */

export interface Failure {
  /** Where it happened: a stage and a file, executable or check. */
  readonly title: string
  readonly output: string
}

export interface Report {
  passed: number
  failed: number
  skipped: number
  readonly failures: Failure[]
}

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** A failure's output beyond this is cut at the front. */
const linesPerFailure = 60

export function createReport(): Report {
  return { passed: 0, failed: 0, skipped: 0, failures: [] }
}

export function addCounts(report: Report, counts: Counts): void {
  report.passed += counts.passed
  report.failed += counts.failed
  report.skipped += counts.skipped
}

/** Notes why something failed; counts it as one test, unless its tests were counted already. */
export function addFailure(report: Report, failure: Failure, isCounted = false): void {
  report.failures.push(failure)
  if (!isCounted) report.failed += 1
}

export function describeFailures(report: Report): string {
  return report.failures
    .map(({ title, output }) => {
      const lines = output.trimEnd().split('\n')
      const cut = lines.length - linesPerFailure
      const shown = cut > 0 ? [`(${cut} lines before)`, ...lines.slice(cut)] : lines
      return `\nFAILED ${title}\n${shown.map((line) => `  ${line}`).join('\n')}\n`
    })
    .join('')
}

/** The last line of a run. */
export function describeTotal(report: Report): string {
  const skipped = report.skipped > 0 ? `, ${report.skipped} skipped` : ''
  return `${report.passed} passed, ${report.failed} failed${skipped}`
}

export function progress(mark: 'ok' | 'FAILED' | '..', text: string, seconds?: number): void {
  const time = seconds === undefined ? '' : ` (${seconds.toFixed(1)} s)`
  console.log(`  ${mark.padEnd(6)} ${text}${time}`)
}
