/** Keeps one session per gateway, and tells each what is desired of it whenever that changed. */
import { isDeepStrictEqual } from 'node:util'
import type { Control } from '../control.ts'
import type { Mirror } from '../model/mirror.ts'
import { createPacer } from '../pacer.ts'
import { desiredOf, readWanted, type Wanted } from './desired.ts'
import { GatewaySession, type SessionEvents, type SessionLimits } from './gateway-session.ts'
import { startGrpcServer } from './grpc-server.ts'
import { Refusal } from './refusal.ts'
import { createVolumeMaps } from './volume-maps.ts'

export interface SessionServer {
  readonly port: number
  close(): Promise<void>
}

export interface SessionServerOptions {
  readonly address: string
  /** 0 lets the kernel choose. */
  readonly port: number
  readonly limits: SessionLimits
}

const pace = { soonMs: 5, intervalMs: 10_000 }

export async function startSessionServer(
  control: Control,
  mirror: Mirror,
  options: SessionServerOptions,
): Promise<SessionServer> {
  const sessions = new Set<GatewaySession>()
  const byNode = new Map<string, GatewaySession>()
  const publisher = createPacer(createPublish(control, mirror, byNode), pace)
  mirror.onChange(publisher.soon)
  control.leadership.onChange(() => {
    if (!control.leadership.leads()) for (const session of [...sessions]) session.refuse(notLeader)
  })

  const events: SessionEvents = {
    admit(session) {
      if (!control.leadership.leads()) throw notLeader
      const older = byNode.get(session.nodeName)
      if (older) replace(control, older, session)
      byNode.set(session.nodeName, session)
    },
    opened: publisher.soon,
    ended(session) {
      sessions.delete(session)
      if (byNode.get(session.nodeName) !== session) return
      byNode.delete(session.nodeName)
      control.fleet.disconnected(session.nodeName)
      control.log.info({ node: session.nodeName }, 'session ended')
    },
  }
  const server = await startGrpcServer(options, (stream) => {
    sessions.add(new GatewaySession(control, stream, options.limits, events))
  }).catch(async (error: unknown) => {
    await publisher.close()
    throw error
  })
  return {
    port: server.port,
    async close() {
      await publisher.close()
      for (const session of [...sessions]) session.end()
      await server.close()
    },
  }
}

const notLeader = new Refusal(
  'NOT_LEADER',
  'This control process does not lead; one of the others does, or will soon.',
)

/** A gateway that comes anew wins over its own broken stream, but not over a living namesake. */
function replace({ fleet }: Control, older: GatewaySession, newer: GatewaySession): void {
  const { nodeName } = newer
  const lives = !older.isOpen() || fleet.health(nodeName) === 'alive'
  if (older.incarnation !== newer.incarnation && lives)
    throw new Refusal(
      'NODE_NAME_IN_USE',
      `Another living gateway calls itself ${nodeName}; after a crash the name is free again soon.`,
    )
  older.refuse(new Refusal('REPLACED', `Node ${nodeName} has opened another session.`))
}

function createPublish(
  { store, cell, log }: Control,
  mirror: Mirror,
  byNode: ReadonlyMap<string, GatewaySession>,
): () => Promise<void> {
  let last: Wanted | undefined
  const maps = createVolumeMaps(store, cell.extentBytes)
  return async () => {
    if (byNode.size === 0) return
    const now = readWanted(mirror, cell)
    // The same object while nothing changed, so that every session sees at once that it is equal.
    const same = last && isDeepStrictEqual(now.discovery, last.discovery)
    const wanted = same && last ? { ...now, discovery: last.discovery } : now
    last = wanted
    maps.keep(new Set(mirror.volumes.keys()))
    for (const session of [...byNode.values()].filter((one) => one.isOpen()))
      try {
        session.offer(wanted.revision, await desiredOf(maps, cell, wanted, session.nodeName))
      } catch (error) {
        log.error(error, `the desired state of ${session.nodeName} could not be read`)
      }
  }
}
