/** What the formatters, linters and type checker say; each counts as one test. */
import { runClangTidy } from './clang-tidy.ts'
import { findFiles } from './find-files.ts'
import { configure, variants } from './native-build.ts'
import { addCounts, addFailure, progress, type Report } from './report.ts'
import { root } from './root.ts'
import { runProgram } from './run-program.ts'
import type { Stage } from './stage.ts'

export const lintStage: Stage = {
  name: 'lint',
  title: 'formatters, linters, types',
  async run(report) {
    await check('biome', 'node_modules/.bin/biome', ['check', '--error-on-warnings'], report)
    await check('tsc', 'node_modules/.bin/tsc', ['-p', '.'], report)
    const native = cppFiles()
    await check('clang-format', 'clang-format-19', ['--dry-run', '-Werror', ...native], report)
    await checkTidy(report)
  },
}

export function cppFiles(): string[] {
  const folders = ['native-rdma/src', 'test/native', 'test/sim']
  return folders.flatMap((folder) => findFiles(folder, /\.(cc|h)$/))
}

async function checkTidy(report: Report): Promise<void> {
  if ((await configure(variants.plain, report)) === undefined) return
  const startedMs = performance.now()
  const { files, checked, complaints } = await runClangTidy(variants.plain)
  const seconds = (performance.now() - startedMs) / 1000
  const isClean = complaints.length === 0
  progress(isClean ? 'ok' : 'FAILED', `clang-tidy: ${checked} of ${files} had changed`, seconds)
  if (isClean) addCounts(report, { passed: 1, failed: 0, skipped: 0 })
  else addFailure(report, { title: 'lint: clang-tidy', output: complaints.join('\n') })
}

async function check(
  name: string,
  program: string,
  args: readonly string[],
  report: Report,
): Promise<void> {
  const result = await runProgram(program, args, { cwd: root, timeoutSeconds: 300 })
  progress(result.code === 0 ? 'ok' : 'FAILED', name, result.seconds)
  if (result.code === 0) addCounts(report, { passed: 1, failed: 0, skipped: 0 })
  else addFailure(report, { title: `lint: ${name}`, output: result.output })
}
