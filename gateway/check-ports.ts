/**
 * Finds a taken port before anything else is done; the engine listens only once it can serve.
 *
 * It asks by connecting, not by listening: a host that comes back at this moment must not find a
 * port that is open and then closed again.
 */
import { connect } from 'node:net'
import { type GatewayConfig, peerAddress } from './config.ts'
import { GatewayFailure } from './failure.ts'
import { patiently } from './patience.ts'

const answerLimitMs = 500
const inUse = 'PORT_IN_USE'

export async function checkPorts(config: GatewayConfig): Promise<void> {
  const { hosts, peer, metrics } = config
  const check = (address: string, port: number, setting: string) =>
    patiently(inUse, () => checkPort(address, port, setting))
  await check(hosts.address, hosts.ioPort, 'hosts.ioPort')
  await check(hosts.address, hosts.discoveryPort, 'hosts.discoveryPort')
  if (peer.port !== 0) await check(peerAddress(config), peer.port, 'peer.port')
  if (metrics) await check(metrics.address, metrics.port, 'metrics.port')
}

async function checkPort(address: string, port: number, setting: string): Promise<void> {
  if (!(await isAnswered(address, port))) return
  throw new GatewayFailure(
    `Port ${port} of ${address} is in use: stop what uses it, or set ${setting} to another.`,
    inUse,
  )
}

/** Connecting to 0.0.0.0 or :: reaches this machine itself. */
function isAnswered(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: answerLimitMs })
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => finish(true))
    socket.once('timeout', () => finish(false))
    socket.once('error', () => finish(false))
  })
}
