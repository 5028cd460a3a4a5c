/** The gRPC service of gateway.proto, loaded once for servers and clients alike. */
import { fileURLToPath } from 'node:url'
import {
  type ChannelOptions,
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'

/**
 * A whole desired state is one message: maps of 256 KiB per volume do not fit gRPC's default 4 MiB.
 */
export const channelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
}

export interface Contract {
  readonly service: ServiceDefinition
  /** `new Client(address, credentials, channelOptions).Session()` opens the stream. */
  readonly Client: ServiceClientConstructor
}

export function loadContract(): Contract {
  const definition = loadSync(fileURLToPath(new URL('gateway.proto', import.meta.url)), {
    longs: Number,
    enums: String,
    bytes: Buffer,
    defaults: true,
    arrays: true,
    oneofs: true,
  })
  const loaded = loadPackageDefinition(definition) as unknown as {
    ashlar: { gateway: { v1: { GatewayControl: ServiceClientConstructor } } }
  }
  const Client = loaded.ashlar.gateway.v1.GatewayControl
  return { service: Client.service, Client }
}
