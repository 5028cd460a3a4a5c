/**
 * Runs the tests in stages and prints `N passed, N failed` last.
 *
 * Words on the command line that name stages choose them; other words choose files whose path holds
 * them. `npm test -- native store` runs the native tests of the store.
 */
import { parseArgs } from 'node:util'
import { fuzzStage } from './fuzz-stage.ts'
import { lintStage } from './lint-stage.ts'
import { asanStage, nativeStage, tsanStage } from './native-stages.ts'
import { createReport, describeFailures, describeTotal, progress, type Report } from './report.ts'
import { killAllPrograms } from './run-program.ts'
import { simStage } from './sim-stage.ts'
import { spinStage } from './spin-stage.ts'
import type { RunOptions, Stage } from './stage.ts'
import { clusterStage, guestStage, tidyStage, typescriptStage } from './typescript-stages.ts'

const stages: readonly Stage[] = [
  lintStage,
  tidyStage,
  nativeStage,
  simStage,
  spinStage,
  typescriptStage,
  clusterStage,
  asanStage,
  tsanStage,
  fuzzStage,
  guestStage,
]

const defaultFuzzSeconds = 20

async function run(chosen: readonly Stage[], options: RunOptions): Promise<Report> {
  const report = createReport()
  for (const [index, stage] of chosen.entries()) {
    console.log(`\n[${index + 1}/${chosen.length}] ${stage.name}: ${stage.title}`)
    const startedMs = performance.now()
    const failedBefore = report.failed
    await stage.run(report, options)
    const seconds = (performance.now() - startedMs) / 1000
    progress(report.failed === failedBefore ? 'ok' : 'FAILED', `${stage.name} done`, seconds)
  }
  return report
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'fuzz-seconds': { type: 'string', default: String(defaultFuzzSeconds) } },
  })
  const named = stages.filter(({ name }) => positionals.includes(name))
  const options: RunOptions = {
    filters: positionals.filter((word) => !stages.some(({ name }) => name === word)),
    fuzzSeconds: Number(values['fuzz-seconds']),
    isCi: process.env['CI'] === 'true',
  }
  // A word that is no stage narrows files; linters have none to narrow.
  const all = options.filters.length === 0 ? stages : stages.filter((stage) => stage !== lintStage)
  const report = await run(named.length > 0 ? named : all, options)
  console.log(describeFailures(report))
  const ranNothing = report.passed + report.failed === 0
  if (ranNothing)
    console.log(`Nothing matches; the stages are ${stages.map((s) => s.name).join(', ')}.`)
  console.log(describeTotal(report))
  process.exitCode = report.failed > 0 || ranNothing ? 1 : 0
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    killAllPrograms()
    process.exit(1)
  })
}
await main()
