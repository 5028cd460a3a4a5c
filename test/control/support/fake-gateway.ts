/**
 * A gateway without an engine: a real gRPC client that says what a gateway would, or what a test
 * wants.
 */
import { type ClientDuplexStream, credentials } from '@grpc/grpc-js'
import { channelOptions, loadContract } from '../../../control/contract/load-contract.ts'
import {
  contractVersion,
  type Desired,
  type DeviceMessage,
  type FromGateway,
  type GroupObserved,
  type GroupReport,
  type Hello,
  type Refused,
  type ScrubMessage,
  type StoreFiguresMessage,
  type ToGateway,
  type VolumeObserved,
  type Welcome,
} from '../../../control/contract/messages.ts'
import { until } from '../../support/until.ts'

export interface FakeGatewayOptions {
  readonly name: string
  readonly rack: string
  readonly capacityBytes: number
  readonly extentBytes: number
  readonly incarnation?: string
  /** Changes what it says first. */
  readonly hello?: Partial<Hello>
  /** False: it says nothing by itself, not even which devices it has. */
  readonly obedient?: boolean
}

const { Client } = loadContract()

/** A busy machine takes seconds for what takes milliseconds elsewhere. */
const waitLimitMs = 10_000

export class FakeGateway {
  readonly options: FakeGatewayOptions
  /** Resolves with Welcome; rejects when it is refused, ended or not answered. */
  readonly opened: Promise<Welcome>
  readonly desired: Desired[] = []
  refused: Refused | undefined
  /** What it says of its device, from the next heartbeat on. */
  figures: StoreFiguresMessage | null = null
  scrub: ScrubMessage | null = null
  /** The node's number, once it is welcome. */
  number = 0
  /** Whether members that join its groups are level as soon as it hears of them. */
  fills = true
  readonly #stream: ClientDuplexStream<FromGateway, ToGateway>
  readonly #client: InstanceType<typeof Client>
  #heartbeat: NodeJS.Timeout | undefined
  #hasEnded = false
  #known = new Set<number>()

  constructor(address: string, options: FakeGatewayOptions) {
    this.options = options
    this.#client = new Client(address, credentials.createInsecure(), channelOptions)
    const { Session } = this.#client as unknown as {
      Session(): ClientDuplexStream<FromGateway, ToGateway>
    }
    this.#stream = Session.call(this.#client)
    let late: NodeJS.Timeout | undefined
    this.opened = new Promise<Welcome>((resolve, reject) => {
      const fail = (what: string) => reject(new Error(`the session of ${options.name} ${what}`))
      late = setTimeout(() => fail('was neither opened nor refused in time'), waitLimitMs)
      this.#stream.on('data', (message: ToGateway) => {
        if (message.welcome) resolve(this.#welcomed(message.welcome))
        if (message.desired) this.#take(message.desired)
        if (message.refused) {
          this.refused = message.refused
          reject(new Error(message.refused.code))
        }
      })
      this.#stream.on('error', reject)
      for (const event of ['end', 'error', 'close'])
        this.#stream.on(event, () => {
          this.#hasEnded = true
          fail('ended before it was opened')
        })
    }).finally(() => clearTimeout(late))
    this.opened.catch(() => {})
    this.sayHello()
  }

  /** Resolves when the stream has ended, however; rejects when it stays open. */
  untilEnded(): Promise<void> {
    return until(() => this.#hasEnded, `the session of ${this.options.name} ends`, waitLimitMs)
  }

  send(message: FromGateway): void {
    this.#stream.write(message)
  }

  sayHello(): void {
    this.send({ hello: this.#hello() })
  }

  observe(
    revision: number,
    volumes: readonly VolumeObserved[],
    groups: readonly GroupObserved[] = [],
  ): void {
    this.send({ observed: { revision, volumes, groups } })
  }

  report(kind: GroupReport['kind'], group: number, epoch: number, node = 0, reason = ''): void {
    this.send({ report: { kind, group, epoch, node, reason } })
  }

  sendHeartbeat(devices = this.devices()): void {
    this.send({ heartbeat: { sequence: 1, devices, hostConnections: 0 } })
  }

  devices(): DeviceMessage[] {
    const { name, capacityBytes } = this.options
    return [
      {
        path: `${name}.disk`,
        storeId: `store-of-${name}`,
        capacityBytes,
        usedBytes: 0,
        liveBytes: 0,
        durability: 'flush',
        failed: false,
        store: this.figures,
        scrub: this.scrub,
      },
    ]
  }

  close(): void {
    clearInterval(this.#heartbeat)
    this.#stream.cancel()
    this.#client.close()
  }

  #hello(): Hello {
    const { name, rack, extentBytes, incarnation = `${name}-1`, hello } = this.options
    return {
      contractVersion,
      nodeName: name,
      incarnation,
      rack,
      zone: '',
      softwareVersion: '0.0.0',
      io: { address: '192.0.2.1', port: 4420 },
      discovery: { address: '192.0.2.1', port: 8009 },
      extentBytes,
      devices: [],
      storeIds: [],
      cellId: '',
      peer: { address: '192.0.2.1', port: 7482 },
      ...hello,
    }
  }

  #welcomed(welcome: Welcome): Welcome {
    this.number = welcome.nodeNumber
    if (this.options.obedient === false) return welcome
    this.sendHeartbeat()
    this.#heartbeat = setInterval(() => this.sendHeartbeat(), welcome.heartbeatIntervalMs)
    this.observe(0, [])
    return welcome
  }

  #take(desired: Desired): void {
    this.desired.push(desired)
    if (this.options.obedient === false) return
    this.observe(desired.revision, this.obey(desired), this.observedGroups(desired))
    for (const { number, epoch, primary, members } of desired.groups)
      for (const { node, role } of members)
        if (primary === this.number && role === 'JOINING' && this.fills)
          this.report('LEVEL', number, epoch, node)
  }

  /** As if it had taken over, or followed, at once. */
  observedGroups({ groups }: Desired): GroupObserved[] {
    return groups
      .filter(({ members }) => members.some(({ node }) => node === this.number))
      .map(({ number, epoch, primary, members }) => ({
        number,
        epoch,
        state: primary === this.number ? 'primary' : 'follower',
        serving: primary === this.number,
        blocksToCopy: members.some(({ role }) => role === 'JOINING') ? 1000 : 0,
        waiting: 0,
      }))
  }

  /** What a gateway would say that had done all it was told. */
  obey({ volumes, deletedVolumeIds }: Desired): VolumeObserved[] {
    const observed = new Map<number, VolumeObserved>()
    const say = (volumeId: number, state: VolumeObserved['state'], fence = 0, blockCount = 0) =>
      observed.set(volumeId, {
        volumeId,
        state,
        fence,
        blockCount,
        reason: '',
        hostConnections: 0,
      })
    for (const volumeId of this.#known) say(volumeId, 'DETACHED')
    for (const { volumeId, fence, blockCount } of volumes) {
      this.#known.add(volumeId)
      say(volumeId, 'ATTACHED', fence, blockCount)
    }
    for (const volumeId of deletedVolumeIds) {
      this.#known.delete(volumeId)
      say(volumeId, 'DELETED')
    }
    return [...observed.values()]
  }
}
