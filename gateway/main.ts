/** The gateway as a process: `node --import tsx gateway/main.ts --config FILE`. */
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { ConfigError } from '../configs/load-config.ts'
import { COUNTERS, openEngine } from '../native-rdma/index.js'
import { type GatewayConfig, loadGatewayConfig } from './config.ts'
import { runDaemon } from './daemon.ts'
import { GatewayFailure } from './failure.ts'
import { softwareVersion } from './version.ts'

/** Hosts' commands are finished within this; then the process ends, and its stores recover. */
const closeLimitMs = 10_000

async function main(): Promise<void> {
  const config = readConfig()
  if (!config) return
  const log = pino({ level: config.log.level, base: { node: config.node.name } })
  const stop = new AbortController()
  const end = (signal: NodeJS.Signals) => {
    log.info(`${signal} received`)
    stop.abort()
    const late = setTimeout(() => {
      log.error(`Not everything ended within ${closeLimitMs / 1000} s; ending all the same.`)
      process.exit(1)
    }, closeLimitMs)
    late.unref()
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  log.info({ version: softwareVersion, pid: process.pid }, `gateway ${config.node.name} starting`)
  try {
    await runDaemon(config, { open: openEngine, counterNames: COUNTERS, log, stop: stop.signal })
    log.info('stopped')
  } catch (error) {
    if (error instanceof GatewayFailure) log.fatal(error.message)
    else log.fatal({ err: error }, 'a defect of the gateway')
    process.exitCode = 1
  }
}

function readConfig(): GatewayConfig | undefined {
  try {
    const { values } = parseArgs({ options: { config: { type: 'string' } } })
    if (!values.config) throw new ConfigError('Say which configuration: --config FILE')
    return loadGatewayConfig(values.config)
  } catch (error) {
    console.error((error as Error).message)
    process.exitCode = 2
    return undefined
  }
}

await main()
