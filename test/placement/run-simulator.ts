/** The process around the simulator of placement: words in, text out. */
import { describe } from '../../placement/describe-simulation.ts'
import { simulate } from '../../placement/simulate.ts'
import { parseOptions, usage } from '../../placement/simulator-options.ts'

function refuse(reason: string): void {
  console.error(reason)
  process.exitCode = 1
}

const parsed = parseOptions(process.argv.slice(2))
if (parsed.kind === 'help') console.log(usage)
else if (parsed.kind === 'wrong') refuse(parsed.reason)
else {
  const outcome = simulate(parsed.options, () => performance.now())
  if (outcome.kind === 'done') console.log(describe(parsed.options, outcome.simulation))
  else refuse(outcome.reason)
}
