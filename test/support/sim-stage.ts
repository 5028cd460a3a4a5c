/** Runs the store's simulator over a fixed range of seeds, in two processes. */
import { join } from 'node:path'
import { build, buildFolder, configure, variants } from './native-build.ts'
import { addCounts, addFailure, progress, type Report } from './report.ts'
import { root } from './root.ts'
import { runProgram } from './run-program.ts'
import { isChosen, type Stage } from './stage.ts'

const program = 'sim_store'
const seedsPerProcess = 1250
const timeoutSeconds = 300

export const simStage: Stage = {
  name: 'sim',
  title: 'the store on a simulated device, from seeds',
  async run(report, options) {
    if (!isChosen(program, options)) return
    if ((await configure(variants.plain, report)) === undefined) return
    if (!(await build(variants.plain, [program], report))) return
    await Promise.all([1, 1 + seedsPerProcess].map((first) => simulate(first, report)))
  },
}

async function simulate(first: number, report: Report): Promise<void> {
  const executable = join(buildFolder(variants.plain), program)
  const args = ['--first', String(first), '--seeds', String(seedsPerProcess), '--covered']
  const result = await runProgram(executable, args, { cwd: root, timeoutSeconds })
  const seeds = `seeds ${first} to ${first + seedsPerProcess - 1}`
  progress(result.code === 0 ? 'ok' : 'FAILED', seeds, result.seconds)
  if (result.code === 0) addCounts(report, { passed: 1, failed: 0, skipped: 0 })
  else addFailure(report, { title: `sim: ${seeds}`, output: result.output })
}
