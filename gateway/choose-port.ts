/**
 * The port for peers, chosen before there is an engine that could listen: control has to hear of it
 * in the first message.
 */
import { type AddressInfo, createServer } from 'node:net'
import { type GatewayConfig, peerAddress } from './config.ts'
import { GatewayFailure } from './failure.ts'

/** As configured, or one that the kernel says is free now. */
export async function choosePeerPort(config: GatewayConfig): Promise<number> {
  if (config.peer.port !== 0) return config.peer.port
  const host = peerAddress(config)
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ message }) => {
      reject(new GatewayFailure(`Address ${host} (peer.address) cannot be used: ${message}.`))
    })
    server.listen({ host, port: 0 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
