/** The gRPC side of the session server: binds, hands out streams, stops in bounded time. */
import { isIPv6 } from 'node:net'
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { channelOptions, loadContract } from '../contract/load-contract.ts'
import type { FromGateway, ToGateway } from '../contract/messages.ts'

export type SessionStream = ServerDuplexStream<FromGateway, ToGateway>

export interface GrpcServer {
  readonly port: number
  /** Streams that do not end in time are cut. */
  close(): Promise<void>
}

const receivedBytesMax = 64 * 1024 * 1024
const closeTimeoutMs = 2000
const keepaliveMs = 10_000

export async function startGrpcServer(
  { address, port }: { readonly address: string; readonly port: number },
  onSession: (stream: SessionStream) => void,
): Promise<GrpcServer> {
  const server = new Server({
    ...channelOptions,
    'grpc.max_receive_message_length': receivedBytesMax,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveMs,
    // One gateway has one stream: a connection with many is not one.
    'grpc.max_concurrent_streams': 4,
  })
  const methods: UntypedServiceImplementation = { Session: onSession }
  server.addService(loadContract().service, methods)
  const host = isIPv6(address) ? `[${address}]` : address
  // gRPC would print a failure to listen by itself; it is the caller's to tell.
  setLogVerbosity(logVerbosity.NONE)
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, number) => {
      if (!error) return resolve(number)
      server.forceShutdown()
      reject(error)
    })
  })
  return { port: bound, close: () => shutDown(server) }
}

function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown()
      resolve()
    }, closeTimeoutMs)
    server.tryShutdown(() => {
      clearTimeout(force)
      resolve()
    })
  })
}
