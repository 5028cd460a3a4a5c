/** The control process: `main.ts --config FILE`. It ends cleanly at SIGTERM and SIGINT. */
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { ConfigError } from '../configs/load-config.ts'
import { startControl } from './app.ts'
import { loadControlConfig } from './config.ts'
import { StartError } from './start-error.ts'

const closeTimeoutMs = 10_000
const usage = 'Usage: node --import tsx control/main.ts --config FILE'

async function main(): Promise<void> {
  const config = loadControlConfig({ path: readArguments() })
  const log = pino({ name: 'control', level: config.log.level })
  const control = await startControl(config, log)
  log.info(
    { url: control.url, docs: `${control.url}/docs`, sessionPort: control.sessionPort },
    'control is ready',
  )
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'control is closing')
    // A second signal, or what hangs, ends it the hard way: the store is consistent at any time.
    process.once('SIGINT', () => process.exit(130))
    setTimeout(() => process.exit(1), closeTimeoutMs).unref()
    void control.close().then(() => log.info('control is closed'))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

function readArguments(): string {
  try {
    const { values } = parseArgs({ options: { config: { type: 'string' } } })
    if (values.config !== undefined) return values.config
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${usage}`)
  }
  throw new StartError(usage)
}

main().catch((error: unknown) => {
  const known = error instanceof StartError || error instanceof ConfigError
  console.error(known ? error.message : error)
  process.exit(1)
})
