/** A port of the loopback address that nobody listens on now. */
import { createServer } from 'node:net'

export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      resolve((server.address() as { port: number }).port)
    })
  })
  await new Promise((resolve) => server.close(resolve))
  return port
}
