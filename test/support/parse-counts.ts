/** Reads how many tests ran from what doctest and uvu print at their end. */
import type { Counts } from './report.ts'

// Both frameworks colour their summaries when they are asked to.
const colours = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')

/** `[doctest] test cases: 3 | 2 passed | 1 failed | 0 skipped`, or undefined. */
export function parseDoctest(output: string): Counts | undefined {
  const summary = /test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped/
  const found = summary.exec(output.replace(colours, ''))
  if (!found) return undefined
  return { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3]) }
}

/** uvu prints Total, Passed and Skipped, each on its own line, after the tests of a file. */
export function parseUvu(output: string): Counts | undefined {
  const plain = output.replace(colours, '')
  const number = (name: string) => {
    const found = new RegExp(`^\\s*${name}:\\s+(\\d+)\\s*$`, 'm').exec(plain)
    return found ? Number(found[1]) : undefined
  }
  const total = number('Total')
  const passed = number('Passed')
  const skipped = number('Skipped')
  if (total === undefined || passed === undefined || skipped === undefined) return undefined
  // uvu counts skipped tests apart from its total.
  return { passed, failed: total - passed, skipped }
}
