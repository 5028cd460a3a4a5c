/** The TypeScript tests: each file in a process of its own, within a time limit. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFiles } from './find-files.ts'
import { parseUvu } from './parse-counts.ts'
import { addCounts, addFailure, progress, type Report } from './report.ts'
import { root } from './root.ts'
import { runProgram } from './run-program.ts'
import { isChosen, type RunOptions, type Stage } from './stage.ts'

/** Folders of test/ whose files are slow or need the whole machine; all others are unit tests. */
const ownStages = ['test/cluster/', 'test/guest/', 'test/tidy/']

interface FileLimits {
  readonly timeoutSeconds: number
  readonly atOnce: number
}

export const tidyStage: Stage = {
  name: 'tidy',
  title: 'style, layers and documents',
  run: (report, options) =>
    runFiles(findFiles('test/tidy', testFile), limits(60, 1), report, options),
}

export const typescriptStage: Stage = {
  name: 'ts',
  title: 'TypeScript tests',
  async run(report, options) {
    const files = findFiles('test', testFile)
    const unit = files.filter((path) => !ownStages.some((folder) => path.startsWith(folder)))
    await runWithEngine(unit, limits(120, 2), report, options)
  },
}

export const clusterStage: Stage = {
  name: 'cluster',
  title: 'control and gateways as processes',
  run: (report, options) =>
    runWithEngine(findFiles('test/cluster', testFile), limits(300, 1), report, options),
}

export const guestStage: Stage = {
  name: 'guest',
  title: 'a Linux host in QEMU',
  run: (report, options) =>
    runWithEngine(findFiles('test/guest', testFile), limits(900, 1), report, options, options.isCi),
}

const testFile = /\.test\.ts$/

function limits(timeoutSeconds: number, atOnce: number): FileLimits {
  return { timeoutSeconds, atOnce }
}

async function runWithEngine(
  files: readonly string[],
  fileLimits: FileLimits,
  report: Report,
  options: RunOptions,
  refuseSkips = false,
): Promise<void> {
  if (!files.some((path) => isChosen(path, options))) return
  const build = ['native-rdma/build.mjs']
  const built = await runProgram(process.execPath, build, { cwd: root, timeoutSeconds: 1200 })
  progress(built.code === 0 ? 'ok' : 'FAILED', 'engine built', built.seconds)
  if (built.code !== 0) {
    addFailure(report, { title: 'the engine does not build', output: built.output })
  }
  await runFiles(files, fileLimits, report, options, refuseSkips)
}

async function runFiles(
  files: readonly string[],
  { timeoutSeconds, atOnce }: FileLimits,
  report: Report,
  options: RunOptions,
  refuseSkips = false,
): Promise<void> {
  const waiting = files.filter((path) => isChosen(path, options))
  const worker = async () => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      await runFile(path, timeoutSeconds, report, refuseSkips)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

async function runFile(
  path: string,
  timeoutSeconds: number,
  report: Report,
  refuseSkips: boolean,
): Promise<void> {
  const args = ['--import', 'tsx', path]
  const result = await runProgram(process.execPath, args, { cwd: root, timeoutSeconds })
  const counts = parseUvu(result.output)
  if (counts) addCounts(report, counts)
  const why = whyFailed(path, result, timeoutSeconds, refuseSkips)
  if (why === undefined) {
    progress('ok', `${path}: ${counts?.passed} passed`, result.seconds)
    return
  }
  progress('FAILED', path, result.seconds)
  const isCounted = counts !== undefined && counts.failed > 0
  addFailure(report, { title: path, output: `${result.output}\n${why}` }, isCounted)
}

/** uvu calls a file without tests, or with `.only`, a success; here both are failures. */
function whyFailed(
  path: string,
  result: { readonly code: number; readonly timedOut: boolean; readonly output: string },
  timeoutSeconds: number,
  refuseSkips: boolean,
): string | undefined {
  const counts = parseUvu(result.output)
  if (result.timedOut) return `It did not end within ${timeoutSeconds} s.`
  if (!counts) return `It ended with code ${result.code} before it printed its totals.`
  if (result.code !== 0) return `It ended with code ${result.code}.`
  if (counts.failed > 0) return `${counts.failed} of its tests failed.`
  if (counts.passed + counts.skipped === 0) return 'It ran no test: does it end with test.run()?'
  if (refuseSkips && counts.skipped > 0) return 'It skipped tests, which is not allowed here.'
  if (/^\s*\w+\.only\(/m.test(readFileSync(join(root, path), 'utf8'))) {
    return 'It has a test marked .only, which hides the others.'
  }
  return undefined
}
