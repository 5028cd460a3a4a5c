/** Runs every fuzzer for a bounded time, from its kept corpus. */
import { existsSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { findFiles } from './find-files.ts'
import { build, buildFolder, configure, variants } from './native-build.ts'
import { addCounts, addFailure, progress, type Report } from './report.ts'
import { root } from './root.ts'
import { runProgram } from './run-program.ts'
import { isChosen, type RunOptions, type Stage } from './stage.ts'

export const fuzzStage: Stage = {
  name: 'fuzz',
  title: 'fuzzers',
  async run(report, options) {
    const files = findFiles('test/native', /^fuzz_.*\.cc$/)
    const fuzzers = files.map((path) => basename(path, '.cc'))
    const chosen = fuzzers.filter((name) => isChosen(name, options))
    if (chosen.length === 0) return
    if ((await configure(variants.fuzz, report)) === undefined) return
    if (!(await build(variants.fuzz, chosen, report))) return
    for (const fuzzer of chosen) await runFuzzer(fuzzer, report, options)
  },
}

/** libFuzzer writes what it finds into the first corpus, so that one is not the committed one. */
async function runFuzzer(fuzzer: string, report: Report, options: RunOptions): Promise<void> {
  const folder = buildFolder(variants.fuzz)
  const found = join(folder, 'corpus', fuzzer)
  const kept = join(root, 'test/native/corpus', fuzzer.replace(/^fuzz_/, ''))
  mkdirSync(found, { recursive: true })
  const args = [
    `-max_total_time=${options.fuzzSeconds}`,
    '-timeout=10',
    '-rss_limit_mb=2048',
    '-print_final_stats=1',
    `-artifact_prefix=${folder}/${fuzzer}-`,
    found,
    ...(existsSync(kept) ? [kept] : []),
  ]
  const result = await runProgram(join(folder, fuzzer), args, {
    cwd: root,
    timeoutSeconds: options.fuzzSeconds + 60,
  })
  const inputs = /stat::number_of_executed_units:\s*(\d+)/.exec(result.output)?.[1] ?? '0'
  if (result.code === 0 && Number(inputs) > 0) {
    addCounts(report, { passed: 1, failed: 0, skipped: 0 })
    progress('ok', `${fuzzer}: ${inputs} inputs`, result.seconds)
    return
  }
  progress('FAILED', fuzzer, result.seconds)
  addFailure(report, { title: `fuzz: ${fuzzer}`, output: result.output })
}
