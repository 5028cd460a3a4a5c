/** Why control cannot start, as a sentence for who starts it. */

import { FolderInUseError } from './metadata/lock-folder.ts'

interface Address {
  readonly address: string
  readonly port: number
}

export class StartError extends Error {
  override readonly name = 'StartError'

  /** `setting` is where the configuration says the address. */
  static listening(error: Error, { address, port }: Address, setting: string): StartError {
    const where = `${address}:${port} (${setting} in the configuration)`
    const { message } = error
    if (message.includes('EADDRINUSE'))
      return new StartError(`Cannot listen on ${where}: the port is in use by another process.`)
    if (message.includes('EACCES'))
      return new StartError(`Cannot listen on ${where}: ports below 1024 need more rights.`)
    if (message.includes('EADDRNOTAVAIL') || message.includes('ENOTFOUND'))
      return new StartError(`Cannot listen on ${where}: this machine has no such address.`)
    return new StartError(`Cannot listen on ${where}: ${message}.`)
  }

  static reaching(error: Error, endpoints: readonly string[]): StartError {
    return new StartError(`etcd at ${endpoints.join(', ')} cannot be used: ${error.message}.`)
  }

  static opening(error: NodeJS.ErrnoException, folder: string): StartError {
    if (error instanceof FolderInUseError)
      return new StartError(`The metadata folder ${folder} is in use by another process.`)
    if (error.code === 'EACCES' || error.code === 'EPERM')
      return new StartError(`The metadata folder ${folder} cannot be written by this user.`)
    if (error.code === 'ENOSPC')
      return new StartError(`The disk of the metadata folder ${folder} is full.`)
    return new StartError(`The metadata folder ${folder} cannot be opened: ${error.message}`)
  }
}
