/** Measures what is asked for, one after another: prints tables, writes JSON. */
import { describeMachine } from './machine.ts'
import { type MeasurementName, type PerfOptions, parseOptions, usage } from './options.ts'
import { measurePath } from './path.ts'
import { buildPrograms } from './programs.ts'
import { printSection, type Section, writeSection } from './section.ts'
import { measureStore } from './store.ts'
import { measureTarget } from './target.ts'

const measurements: Record<MeasurementName, (options: PerfOptions) => Promise<Section[]>> = {
  target: measureTarget,
  store: measureStore,
  path: measurePath,
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
    for (const section of await measurements[name](options)) {
      printSection(section)
      console.log(`Written to ${writeSection(section, machine, new Date())}`)
    }
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
