/** Runs each simulator over a fixed range of seeds, in two processes. */
import { join } from 'node:path'
import { build, buildFolder, configure, variants } from './native-build.ts'
import { addCounts, addFailure, progress, type Report } from './report.ts'
import { root } from './root.ts'
import { runProgram } from './run-program.ts'
import { isChosen, type RunOptions, type Stage } from './stage.ts'

/** How many seeds each process takes. */
const simulators = { sim_store: 1250, sim_group: 2500 } as const
const timeoutSeconds = 300

export const simStage: Stage = {
  name: 'sim',
  title: 'the store on a simulated device, placement groups in a simulated cell, from seeds',
  async run(report, options) {
    const chosen = chosenPrograms(options)
    if (chosen.length === 0) return
    if ((await configure(variants.plain, report)) === undefined) return
    if (!(await build(variants.plain, chosen, report))) return
    for (const program of chosen) {
      const seeds = simulators[program]
      await Promise.all([1, 1 + seeds].map((first) => simulate(program, first, seeds, report)))
    }
  },
}

type Program = keyof typeof simulators

function chosenPrograms(options: RunOptions): Program[] {
  const programs = Object.keys(simulators) as Program[]
  return programs.filter((program) => isChosen(program, options))
}

async function simulate(
  program: Program,
  first: number,
  count: number,
  report: Report,
): Promise<void> {
  const executable = join(buildFolder(variants.plain), program)
  const args = ['--first', String(first), '--seeds', String(count), '--covered']
  const result = await runProgram(executable, args, { cwd: root, timeoutSeconds })
  const seeds = `${program}: seeds ${first} to ${first + count - 1}`
  progress(result.code === 0 ? 'ok' : 'FAILED', seeds, result.seconds)
  if (result.code === 0) addCounts(report, { passed: 1, failed: 0, skipped: 0 })
  else addFailure(report, { title: `sim: ${seeds}`, output: result.output })
}
