/**
 * Ports that nobody listens on now, below those that the kernel gives to outgoing connections: they
 * are still free when a process that listened there starts again.
 */
import { tryPort } from '../../control/quickstart/ports.ts'

const range = { first: 10_000, last: 31_999 }

export async function freePorts(count: number, address = '127.0.0.1'): Promise<number[]> {
  const free = new Set<number>()
  while (free.size < count) {
    const port = range.first + Math.floor(Math.random() * (range.last - range.first + 1))
    if ((await tryPort(address, port)) === undefined) free.add(port)
  }
  return [...free]
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port as number
}
