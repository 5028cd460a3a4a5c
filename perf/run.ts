/** Measures what is asked for, one after another: prints tables, writes JSON. */
import { measureCluster } from './cluster.ts'
import { describeMachine } from './machine.ts'
import { type MeasurementName, type PerfOptions, parseOptions, usage } from './options.ts'
import { measurePath } from './path.ts'
import { buildPrograms } from './programs.ts'
import { measureRecovery } from './recovery.ts'
import { printReport, type Report, writeReport } from './report.ts'
import { measureStore } from './store.ts'
import { measureAging } from './store-aging.ts'
import { measureCpu } from './store-cpu.ts'
import { measureTarget } from './target.ts'

const measurements: Record<MeasurementName, (options: PerfOptions) => Promise<Report[]>> = {
  target: measureTarget,
  store: measureStore,
  'store-aging': measureAging,
  'store-cpu': measureCpu,
  recovery: measureRecovery,
  path: measurePath,
  cluster: measureCluster,
}

async function main(words: readonly string[]): Promise<void> {
  const options = parseOptions(words)
  if (options === 'help') {
    console.log(usage)
    return
  }
  await buildPrograms(options.build)
  const machine = describeMachine()
  const { processor, cores, kernel, load } = machine
  console.log(`${processor}, ${cores} cores, Linux ${kernel}, load ${load}`)
  if (load > 0.5) console.log('Others are at work on this machine: trust the ratios only.')
  for (const name of options.names) {
    console.log(`Measuring ${name}`)
    for (const report of await measurements[name](options)) {
      printReport(report)
      console.log(`Written to ${writeReport(report, machine, new Date())}`)
    }
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
