/** The block devices of this machine that could hold a store, as the kernel lists them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Memory, removable discs, and files in disguise. */
const unfit = /^(ram|zram|sr|fd|loop)\d/
/** A volume of a cell, attached to this machine: a store on it would lie on itself. */
const volumeModel = /^Ashlar/
const sectorBytes = 512

/** Disks and their partitions, by path; `folder` is where the kernel lists disks. */
export function localDevices(folder = '/sys/block'): string[] {
  const disks = listFolder(folder).filter(
    (name) => !unfit.test(name) && !volumeModel.test(readText(join(folder, name, 'device/model'))),
  )
  return disks.flatMap((disk) => {
    const parts = listFolder(join(folder, disk)).filter((name) =>
      existsSync(join(folder, disk, name, 'partition')),
    )
    const folders = [join(folder, disk), ...parts.map((part) => join(folder, disk, part))]
    return [disk, ...parts].filter((_, index) => sizeOf(folders[index] ?? '') > 0).map(nodeOf)
  })
}

/** The kernel writes the "/" of a name such as cciss/c0d0 as "!". */
const nodeOf = (name: string) => `/dev/${name.replaceAll('!', '/')}`

const sizeOf = (folder: string) => Number(readText(join(folder, 'size'))) * sectorBytes

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
}

function listFolder(path: string): string[] {
  return existsSync(path) ? readdirSync(path).sort() : []
}
