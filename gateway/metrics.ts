/** Serves /metrics, /healthz and /readyz over HTTP: the engine's counters, groups and the rest. */
import { createServer, type Server } from 'node:http'
import { Gauge, Registry } from 'prom-client'
import type { DeviceMessage } from '../control/contract/messages.ts'
import type { Engine } from '../native-rdma/index.js'
import { GatewayFailure } from './failure.ts'
import { addGroupMetrics } from './group-metrics.ts'
import { deviceFigures, helpOfCounter } from './metric-help.ts'

export interface Metrics {
  close(): Promise<void>
}

export interface MetricsOptions {
  readonly address: string
  readonly port: number
  /** The names of the engine's counters, in its order. */
  readonly counterNames: readonly string[]
  /** Undefined while the engine is not open. */
  engine(): Engine | undefined
  /** None while the engine is not open. */
  devices(): readonly DeviceMessage[]
  isServing(): boolean
  hasSession(): boolean
}

export async function serveMetrics(options: MetricsOptions): Promise<Metrics> {
  const registry = createRegistry(options)
  const server = createServer((request, response) => {
    const answer = async (): Promise<[number, string]> => {
      switch (request.url) {
        case '/metrics':
          return [200, await registry.metrics()]
        case '/healthz':
          return [200, 'alive\n']
        case '/readyz':
          return options.isServing() ? [200, 'serving\n'] : [503, 'not serving yet\n']
        default:
          return [404, 'There are /metrics, /healthz and /readyz.\n']
      }
    }
    void answer().then(([status, body]) => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body)
    })
  })
  await listen(server, options)
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, { address, port }: MetricsOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const what = `Port ${port} of ${address} (metrics.port) cannot be listened on`
      reject(new GatewayFailure(`${what}: ${error.message}.`))
    })
    server.listen({ host: address, port }, resolve)
  })
}

function createRegistry({ counterNames, engine, devices, hasSession }: MetricsOptions): Registry {
  const registry = new Registry()
  const registers = [registry]
  const counters = new BigUint64Array(counterNames.length)
  for (const [index, name] of counterNames.entries()) {
    new Gauge({
      name: `ashlar_${name.replaceAll(/[^a-z0-9]/g, '_')}`,
      help: helpOfCounter(name),
      registers,
      collect() {
        // Read once for all, by the first that is collected.
        if (index === 0) engine()?.readCounters(counters)
        this.set(Number(counters[index]))
      },
    })
  }
  let found: readonly DeviceMessage[] = []
  for (const [index, { name, help, read }] of deviceFigures.entries()) {
    new Gauge({
      name: `ashlar_device_${name}`,
      help,
      labelNames: ['device'],
      registers,
      collect() {
        if (index === 0) found = devices()
        for (const device of found) this.set({ device: device.path }, read(device))
      },
    })
  }
  addGroupMetrics(registry, engine)
  new Gauge({
    name: 'ashlar_host_controllers',
    help: 'Controllers that hosts have on this gateway.',
    registers,
    collect() {
      this.set(engine()?.connections().length ?? 0)
    },
  })
  new Gauge({
    name: 'ashlar_control_session',
    help: '1 while there is a session with control.',
    registers,
    collect() {
      this.set(Number(hasSession()))
    },
  })
  return registry
}
