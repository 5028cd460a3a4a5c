/**
 * A host in a few lines: connects to one volume over NVMe/TCP, and writes and reads, one command at
 * a time.
 *
 * It shares no code with the engine, so the two check each other.
 */
import { connect, type Socket } from 'node:net'

export interface HostOptions {
  readonly address: string
  readonly port: number
  readonly subsystemNqn: string
  readonly hostNqn: string
}

export interface NvmeHost {
  write(firstBlock: number, data: Buffer): Promise<void>
  read(firstBlock: number, blockCount: number): Promise<Buffer>
  flush(): Promise<void>
  /** Blocks of 4096 bytes, as Identify Namespace says now. */
  blockCount(): Promise<number>
  close(): void
}

const blockBytes = 4096
const timeoutMs = 10_000
const pdu = { icReq: 0, icResp: 1, command: 4, response: 5, h2cData: 6, c2hData: 7, r2t: 9 }
const headerBytes = { initialize: 128, command: 72, data: 24 }
const last = 1 << 2
const success = 1 << 3
const opcode = { flush: 0, write: 1, read: 2, identify: 6, fabrics: 0x7f }
const fabricsType = { propertySet: 0, connect: 1 }
const inCapsule = 0x01
const byTransport = 0x5a

export async function connectHost(options: HostOptions): Promise<NvmeHost> {
  const admin = await openQueue(options)
  const hostId = Buffer.alloc(16, 7)
  const controllerId = (await connectQueue(admin, options, hostId, 0, 0xffff)) & 0xffff
  // Enabled, with entries of 64 and 16 bytes.
  await admin.run(fabrics(fabricsType.propertySet, { at44: 0x14, at48: 1 | (6 << 16) | (4 << 20) }))
  const io = await openQueue(options)
  await connectQueue(io, options, hostId, 1, controllerId)
  return {
    async write(firstBlock, data) {
      await io.run(transfer(opcode.write, firstBlock, data.length), { send: data })
    },
    async read(firstBlock, blockCount) {
      const bytes = blockCount * blockBytes
      return (await io.run(transfer(opcode.read, firstBlock, bytes), { receive: bytes })).data
    },
    async flush() {
      await io.run(entry(opcode.flush, { namespace: 1 }))
    },
    async blockCount() {
      const command = entry(opcode.identify, { namespace: 1, bytes: 4096 })
      return Number((await admin.run(command, { receive: 4096 })).data.readBigUInt64LE(0))
    },
    close() {
      io.close()
      admin.close()
    },
  }
}

interface Completion {
  readonly result: number
  readonly data: Buffer
}

interface Queue {
  run(
    command: Buffer,
    data?: { readonly send?: Buffer; readonly receive?: number; readonly capsule?: Buffer },
  ): Promise<Completion>
  close(): void
}

interface EntryFields {
  readonly namespace?: number
  /** Data that the controller fetches or sends; 0: none. */
  readonly bytes?: number
}

/** A submission queue entry: NVMe Base, figure "Common Command Format". */
function entry(code: number, { namespace = 0, bytes = 0 }: EntryFields): Buffer {
  const command = Buffer.alloc(64)
  command[0] = code
  command[1] = 0x40
  command.writeUInt16LE(1, 2)
  command.writeUInt32LE(namespace, 4)
  command.writeUInt32LE(bytes, 32)
  command[39] = byTransport
  return command
}

function transfer(code: number, firstBlock: number, bytes: number): Buffer {
  const command = entry(code, { namespace: 1, bytes })
  command.writeBigUInt64LE(BigInt(firstBlock), 40)
  command.writeUInt16LE(bytes / blockBytes - 1, 48)
  return command
}

function fabrics(type: number, { at44, at48 }: { at44: number; at48: number }): Buffer {
  const command = entry(opcode.fabrics, { namespace: type })
  command.writeUInt32LE(at44, 44)
  command.writeUInt32LE(at48, 48)
  return command
}

/** The answer holds the controller's id. */
async function connectQueue(
  queue: Queue,
  { subsystemNqn, hostNqn }: HostOptions,
  hostId: Buffer,
  queueId: number,
  controllerId: number,
): Promise<number> {
  const keepAliveMs = queueId === 0 ? 600_000 : 0
  const command = fabrics(fabricsType.connect, { at44: 31, at48: keepAliveMs })
  command.writeUInt16LE(queueId, 42)
  const data = Buffer.alloc(1024)
  hostId.copy(data, 0)
  data.writeUInt16LE(controllerId, 16)
  data.write(subsystemNqn, 256)
  data.write(hostNqn, 512)
  command.writeUInt32LE(data.length, 32)
  command[39] = inCapsule
  return (await queue.run(command, { capsule: data })).result
}

async function openQueue({ address, port }: HostOptions): Promise<Queue> {
  const socket = connect({ host: address, port, noDelay: true })
  const next = pduReader(socket)
  socket.write(header(pdu.icReq, 0, headerBytes.initialize, headerBytes.initialize))
  const answer = await next()
  if (answer[0] !== pdu.icResp) throw new Error(`PDU ${answer[0]} in the place of ICResp`)
  return {
    async run(command, { send, receive = 0, capsule = Buffer.alloc(0) } = {}) {
      const bytes = headerBytes.command + capsule.length
      const head = header(pdu.command, 0, headerBytes.command, bytes)
      command.copy(head, 8)
      if (capsule.length > 0) head[3] = headerBytes.command
      socket.write(Buffer.concat([head, capsule]))
      const data = Buffer.alloc(receive)
      for (;;) {
        const received = await next()
        if (received[0] === pdu.r2t && send) sendData(socket, received, send)
        else if (received[0] === pdu.c2hData) {
          const offset = received.readUInt32LE(12)
          received.copy(data, offset, received[3] ?? 0)
          if ((received[1] ?? 0) & success) return { result: 0, data }
        } else if (received[0] === pdu.response) return { result: completionOf(received), data }
        else throw new Error(`an unexpected PDU of type ${received[0]}`)
      }
    },
    close: () => void socket.destroy(),
  }
}

function completionOf(response: Buffer): number {
  const status = response.readUInt16LE(8 + 14) >> 1
  if (status !== 0) throw new Error(`NVMe status 0x${status.toString(16)}`)
  return response.readUInt32LE(8)
}

function sendData(socket: Socket, r2t: Buffer, data: Buffer): void {
  const offset = r2t.readUInt32LE(12)
  const bytes = r2t.readUInt32LE(16)
  const head = header(pdu.h2cData, last, headerBytes.data, headerBytes.data + bytes)
  head[3] = headerBytes.data
  r2t.copy(head, 8, 8, 12)
  head.writeUInt32LE(offset, 12)
  head.writeUInt32LE(bytes, 16)
  socket.write(Buffer.concat([head, data.subarray(offset, offset + bytes)]))
}

function header(type: number, flags: number, bytes: number, total: number): Buffer {
  const head = Buffer.alloc(bytes)
  head[0] = type
  head[1] = flags
  head[2] = bytes
  head.writeUInt32LE(total, 4)
  return head
}

/**
 * Each call resolves with the next whole PDU; fails when the connection ends or nothing comes in
 * time.
 */
function pduReader(socket: Socket): () => Promise<Buffer> {
  let received = Buffer.alloc(0)
  let waiting: { take(pdu: Buffer): void; fail(error: Error): void } | undefined
  let ended: Error | undefined
  const look = () => {
    const bytes = received.length < 8 ? Infinity : received.readUInt32LE(4)
    if (!waiting || received.length < bytes) return
    const { take } = waiting
    waiting = undefined
    const whole = received.subarray(0, bytes)
    received = received.subarray(bytes)
    take(whole)
  }
  const end = (error: Error) => {
    ended ??= error
    waiting?.fail(error)
    waiting = undefined
  }
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    look()
  })
  socket.on('error', end)
  socket.on('close', () => end(new Error('the gateway closed the connection')))
  return () =>
    new Promise((take, fail) => {
      if (ended) return fail(ended)
      const late = setTimeout(() => end(new Error('the gateway does not answer')), timeoutMs)
      waiting = {
        take(whole) {
          clearTimeout(late)
          take(whole)
        },
        fail(error) {
          clearTimeout(late)
          fail(error)
        },
      }
      look()
    })
}
