/** A TCP proxy that a test cuts, or lets lose what the server answers. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Proxy {
  readonly port: number
  /** Ends all connections and takes no new ones. */
  cut(): void
  /** What the server says from now on is lost; what it is told arrives. */
  muteServer(): void
  heal(): void
  close(): void
}

export async function startProxy(targetPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  let isMute = false
  const server = createServer((client) => {
    if (isCut) return client.destroy()
    const target = connect(targetPort, '127.0.0.1')
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
    client.on('data', (data) => target.write(data))
    target.on('data', (data) => {
      if (!isMute) client.write(data)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true
      endAll()
    },
    muteServer() {
      isMute = true
    },
    heal() {
      isCut = false
      // A connection that lost bytes is of no use any more.
      if (isMute) endAll()
      isMute = false
    },
    close() {
      endAll()
      server.close()
    },
  }
}
