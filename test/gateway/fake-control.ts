/** A control for tests: a real gRPC server that says what it is told to and keeps what it hears. */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'
import { channelOptions, loadContract } from '../../control/contract/load-contract.ts'
import type { FromGateway, ToGateway, Welcome } from '../../control/contract/messages.ts'

export interface FakeControl {
  readonly address: string
  readonly heard: FromGateway[]
  /** Streams opened so far. */
  opened(): number
  /** To the stream that was opened last. */
  say(message: ToGateway): void
  endStream(): void
  close(): void
}

export const sampleWelcome: Welcome = {
  contractVersion: 1,
  heartbeatIntervalMs: 100,
  controllerIdFirst: 1,
  controllerIdLast: 1000,
  cellId: '3f7c9a52-8d1e-4b60-9c35-2a6e71f0d8b4',
  nodeNumber: 4,
}

/** `greet` answers each Hello. */
export async function startFakeControl(
  greet: () => ToGateway[] = () => [{ welcome: sampleWelcome }],
  port = 0,
): Promise<FakeControl> {
  const heard: FromGateway[] = []
  let streams = 0
  let current: ServerDuplexStream<FromGateway, ToGateway> | undefined
  const server = new Server(channelOptions)
  server.addService(loadContract().service, {
    Session(stream: ServerDuplexStream<FromGateway, ToGateway>) {
      streams += 1
      current = stream
      stream.on('error', () => {})
      stream.on('end', () => stream.end())
      stream.on('data', (message: FromGateway) => {
        heard.push(message)
        if (message.hello) for (const answer of greet()) stream.write(answer)
      })
    },
  })
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, number) =>
      error ? reject(error) : resolve(number),
    )
  })
  return {
    address: `127.0.0.1:${bound}`,
    heard,
    opened: () => streams,
    say: (message) => void current?.write(message),
    endStream: () => void current?.end(),
    close: () => server.forceShutdown(),
  }
}
