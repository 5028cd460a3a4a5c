/**
 * Keeps a folder for one process: two that kept one store would not see each other's changes.
 *
 * The lock is a name of the kernel's (an abstract socket), so that it cannot outlive its process.
 */
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { createServer, type Server } from 'node:net'

export interface FolderLock {
  release(): Promise<void>
}

export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError'
}

export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = realpathSync(folder)
  const name = createHash('sha256').update(path).digest('hex').slice(0, 32)
  const server: Server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new FolderInUseError(`The folder ${path} is in use by another process.`)
          : error,
      ),
    )
    server.listen(`\0ashlar-folder-${name}`, resolve)
  })
  server.unref()
  return { release: () => new Promise((resolve) => server.close(() => resolve())) }
}
