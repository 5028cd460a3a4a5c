/**
 * Finds a taken port before anything else is done; the engine itself listens only once it can
 * serve.
 */
import { createServer } from 'node:net'
import type { GatewayConfig } from './config.ts'
import { GatewayFailure } from './failure.ts'

export async function checkPorts({ hosts, metrics }: GatewayConfig): Promise<void> {
  await tryPort(hosts.address, hosts.ioPort, 'hosts.ioPort')
  await tryPort(hosts.address, hosts.discoveryPort, 'hosts.discoveryPort')
  if (metrics) await tryPort(metrics.address, metrics.port, 'metrics.port')
}

async function tryPort(address: string, port: number, setting: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host: address, port }, resolve)
  }).catch((error: NodeJS.ErrnoException) => {
    throw new GatewayFailure(
      error.code === 'EADDRINUSE'
        ? `Port ${port} of ${address} is in use: stop what uses it, or set ${setting} to another.`
        : `Port ${port} of ${address} cannot be listened on (${setting}): ${error.message}.`,
    )
  })
  await new Promise((resolve) => server.close(resolve))
}
