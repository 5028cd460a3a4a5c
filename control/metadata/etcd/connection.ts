/**
 * The connection to etcd: the one file that knows the client library.
 *
 * The library retries nothing here and opens no circuit: a transaction that was not answered may
 * have been carried out, and what to do about that is for who asked. Every call has a deadline.
 */
import { noop } from 'cockatiel'
import {
  ClientClosedError,
  Etcd3,
  EtcdAuthenticationFailedError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCAlreadyExistsError,
  GRPCFailedPreconditionError,
  GRPCInvalidArgumentError,
  GRPCNotFoundError,
  GRPCOutOfRangeError,
  GRPCResourceExhastedError,
  GRPCUnauthenticatedError,
  type ILeaseKeepAliveResponse,
  type IRangeRequest,
  type IRangeResponse,
  type ITxnRequest,
  type ITxnResponse,
  type IWatchResponse,
} from 'etcd3'
import { ClosedError, UnavailableError } from '../metadata.ts'
import { untilAnswered } from './retry.ts'

export type {
  ICompare,
  IKeyValue,
  IRangeResponse,
  IRequestOp,
  IResponseOp,
  ITxnRequest,
  ITxnResponse,
  IWatchResponse,
} from 'etcd3'

export interface EtcdOptions {
  /** Of the form http://host:port, or https for all of them. */
  readonly endpoints: readonly string[]
  /** All keys begin with it. */
  readonly prefix: string
  /** A read is tried for so long; each call within it has half of that. */
  readonly timeoutMs: number
  readonly tls?: {
    readonly authority: Buffer
    readonly certificate?: Buffer
    readonly key?: Buffer
  }
  readonly auth?: { readonly user: string; readonly password: string }
}

/** etcd has answered that it did not do it; asking again changes nothing. */
export class RefusedByEtcd extends Error {
  override readonly name = 'RefusedByEtcd'
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, text: string) {
    super(text)
    this.reason = reason
  }
}

export type RefusalReason = 'lease' | 'range' | 'exists' | 'denied' | 'full' | 'invalid'

export interface Connection {
  /** Asks until it is answered, for as long as the options say. */
  range(request: IRangeRequest): Promise<IRangeResponse>
  /** Asks once: UnavailableError says that it may have been carried out. */
  transact(request: ITxnRequest): Promise<ITxnResponse>
  compact(revision: number): Promise<void>
  grantLease(lease: number, seconds: number): Promise<void>
  /** The seconds it has now; 0 when it is not known any more. */
  keepLease(lease: number): Promise<number>
  revokeLease(lease: number): Promise<void>
  /** The stream ends when `signal` is aborted. */
  watch(range: WatchRange, signal: AbortSignal): AsyncIterable<IWatchResponse>
  close(): void
}

export interface WatchRange {
  readonly key: Buffer
  readonly end: Buffer
  readonly fromRevision: number
}

/**
 * A server that vanished is noticed within the sum of the first two, also by a watch that only
 * waits. etcd takes more than one ping in five seconds for an attack.
 */
const channel = {
  'grpc.keepalive_time_ms': 6000,
  'grpc.keepalive_timeout_ms': 2000,
  'grpc.max_receive_message_length': -1,
  'grpc.max_reconnect_backoff_ms': 1000,
}

export function connectEtcd(options: EtcdOptions): Connection {
  const callMs = options.timeoutMs / 2
  const client = new Etcd3({
    hosts: [...options.endpoints],
    grpcOptions: channel,
    faultHandling: { global: noop, host: () => noop },
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + callMs }),
    ...credentialsOf(options),
  })
  let closed = false

  const once = async <T>(call: () => Promise<T>): Promise<T> => {
    if (closed) throw new ClosedError()
    try {
      return await call()
    } catch (error) {
      throw closed ? new ClosedError() : translate(error as Error)
    }
  }
  const answered = <T>(call: () => Promise<T>) => untilAnswered(() => once(call), options.timeoutMs)

  return {
    range: (request) => answered(() => client.kv.range(request)),
    transact: (request) => once(() => client.kv.txn(request)),
    async compact(revision) {
      await answered(() => client.kv.compact({ revision }))
    },
    async grantLease(lease, seconds) {
      await once(() => client.leaseClient.leaseGrant({ ID: lease, TTL: seconds }))
    },
    keepLease: (lease) => once(() => keepLease(client, lease, callMs)),
    async revokeLease(lease) {
      await answered(() => client.leaseClient.leaseRevoke({ ID: lease }))
    },
    async *watch(range, signal) {
      // A stream does not renew the user's token when that has expired; a read does.
      if (options.auth) await answered(() => client.kv.range({ key: range.key }))
      const stream = await once(() => openWatch(client, range))
      const cancel = () => stream.destroy()
      signal.addEventListener('abort', cancel, { once: true })
      try {
        if (!signal.aborted) yield* stream as AsyncIterable<IWatchResponse>
      } catch (error) {
        if (!signal.aborted) throw translate(error as Error)
      } finally {
        signal.removeEventListener('abort', cancel)
        endStream(stream)
      }
    },
    close() {
      closed = true
      client.close()
    },
  }
}

function credentialsOf({ tls, auth }: EtcdOptions) {
  return {
    ...(auth && { auth: { username: auth.user, password: auth.password } }),
    ...(tls && {
      credentials: {
        rootCertificate: tls.authority,
        ...(tls.certificate && { certChain: tls.certificate }),
        ...(tls.key && { privateKey: tls.key }),
      },
    }),
  }
}

/** A stream of the library is one of gRPC, which knows more than the library's types say. */
interface Stream extends AsyncIterable<unknown> {
  end(): void
  cancel(): void
  destroy(): void
}

async function openWatch(client: Etcd3, { key, end, fromRevision }: WatchRange): Promise<Stream> {
  const stream = await client.watchClient.watch()
  const create_request = { key, range_end: end, start_revision: fromRevision }
  stream.write({ create_request })
  return stream as unknown as Stream
}

async function keepLease(client: Etcd3, lease: number, limitMs: number): Promise<number> {
  const stream = await client.leaseClient.leaseKeepAlive({ deadline: Date.now() + limitMs })
  try {
    stream.write({ ID: lease })
    for await (const answer of stream as unknown as AsyncIterable<ILeaseKeepAliveResponse>)
      return Number(answer.TTL)
    throw new UnavailableError('the stream of leases ended')
  } finally {
    endStream(stream as unknown as Stream)
  }
}

/** Ended first: the library takes the end of one that is not for the server's failure. */
function endStream(stream: Stream): void {
  stream.end()
  stream.cancel()
}

const refusals: readonly (readonly [new (message: string) => Error, RefusalReason])[] = [
  [EtcdLeaseInvalidError, 'lease'],
  [GRPCNotFoundError, 'lease'],
  [GRPCOutOfRangeError, 'range'],
  [GRPCFailedPreconditionError, 'exists'],
  [GRPCAlreadyExistsError, 'exists'],
  [EtcdPermissionDeniedError, 'denied'],
  [EtcdAuthenticationFailedError, 'denied'],
  [GRPCUnauthenticatedError, 'denied'],
  [GRPCResourceExhastedError, 'full'],
  [GRPCInvalidArgumentError, 'invalid'],
]

/** What is not a refusal may have been carried out. */
function translate(error: Error): Error {
  if (error instanceof UnavailableError || error instanceof RefusedByEtcd) return error
  if (error instanceof ClientClosedError) return new ClosedError()
  const text = describe(error.message)
  const reason = refusals.find(([kind]) => error instanceof kind)?.[1]
  return reason === undefined ? new UnavailableError(text) : new RefusedByEtcd(reason, text)
}

/** Without the names and numbers that gRPC and etcd put before the thing of interest. */
function describe(message: string): string {
  const connecting = /connect E[A-Z]+ \S+\w/.exec(message)?.[0]
  if (message.includes('Last error: null'))
    return 'no connection comes about: check the port, and certificates where TLS is used'
  const plain = message.replace(/^\w+: /, '').replace(/^\d+ [A-Z_]+: /, '')
  return connecting ?? plain.replace(/^etcdserver: /, '')
}
