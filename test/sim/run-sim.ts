/**
 * Builds a simulator, of stores unless the first word is `group`, and runs it with the other words,
 * or for ever.
 */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { build, buildFolder, configure, variants } from '../support/native-build.ts'
import { createReport, describeFailures } from '../support/report.ts'

const words = process.argv.slice(2)
const isNamed = words[0] === 'group' || words[0] === 'store'
const program = `sim_${isNamed ? words[0] : 'store'}`
const given = isNamed ? words.slice(1) : words
/** Seeds that the tests do not run, others each time. */
const forever = () => ['--forever', '--first', String(randomInt(1_000_000, 2 ** 40))]

const report = createReport()
const configured = await configure(variants.plain, report)
if (configured !== undefined && (await build(variants.plain, [program], report))) {
  const args = given.length > 0 ? given : forever()
  const simulator = spawn(join(buildFolder(variants.plain), program), args, { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => simulator.kill(signal))
  }
  simulator.on('exit', (code) => {
    process.exitCode = code ?? 1
  })
} else {
  console.log(describeFailures(report))
  process.exitCode = 1
}
