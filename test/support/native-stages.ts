/** The native tests: as built for use, and under the sanitizers. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { build, configure, type NativeTest, type NativeVariant, variants } from './native-build.ts'
import { parseDoctest } from './parse-counts.ts'
import { addCounts, addFailure, progress, type Report } from './report.ts'
import { root } from './root.ts'
import { runProgram } from './run-program.ts'
import { isChosen, type RunOptions, type Stage } from './stage.ts'

/** The layers where threads meet; the others run on one reactor each. */
const threadedLayers = new Set(['base', 'reactor', 'memory', 'peer', 'target', 'engine'])

const sanitizerSettings = {
  // Each power cut opens stores with fresh memory, which is slow here; all seeds run without.
  ASHLAR_SEEDS: '20',
  ASAN_OPTIONS: 'abort_on_error=0:detect_stack_use_after_return=1:strict_string_checks=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1',
}

export const nativeStage: Stage = {
  name: 'native',
  title: 'native tests',
  run: (report, options) => runVariant(variants.plain, 120, report, options),
}

export const asanStage: Stage = {
  name: 'asan',
  title: 'native tests under AddressSanitizer and UndefinedBehaviorSanitizer',
  run: (report, options) => runVariant(variants.asan, 300, report, options),
}

export const tsanStage: Stage = {
  name: 'tsan',
  title: 'tests of what threads share under ThreadSanitizer',
  run: (report, options) =>
    runVariant(variants.tsan, 300, report, options, ({ layer }) => threadedLayers.has(layer)),
}

async function runVariant(
  variant: NativeVariant,
  timeoutSeconds: number,
  report: Report,
  options: RunOptions,
  isWanted: (test: NativeTest) => boolean = () => true,
): Promise<void> {
  const configured = await configure(variant, report)
  const tests = configured?.filter((test) => isWanted(test) && isChosen(test.layer, options)) ?? []
  if (tests.length === 0) return
  const targets = tests.map(({ executable }) => basename(executable))
  await build(variant, targets, report)
  for (const test of tests) {
    // One that could not be built is in the report already.
    if (existsSync(test.executable)) await runOne(variant, test, timeoutSeconds, report)
  }
}

async function runOne(
  variant: NativeVariant,
  test: NativeTest,
  timeoutSeconds: number,
  report: Report,
): Promise<void> {
  const result = await runProgram(test.executable, ['--no-colors'], {
    cwd: root,
    env: variant === variants.plain ? {} : sanitizerSettings,
    timeoutSeconds,
  })
  const counts = parseDoctest(result.output)
  const title = `${variant.name}: ${test.layer}`
  if (counts) addCounts(report, counts)
  if (result.code === 0 && counts) {
    progress('ok', `${test.layer}: ${counts.passed} passed`, result.seconds)
    return
  }
  progress('FAILED', test.layer, result.seconds)
  const why = result.timedOut
    ? `It did not end within ${timeoutSeconds} s.`
    : `It ended with code ${result.code}${counts ? '' : ' before it printed its totals'}.`
  const isCounted = counts !== undefined && counts.failed > 0
  addFailure(report, { title, output: `${result.output}\n${why}` }, isCounted)
}
