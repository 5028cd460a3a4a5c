/** What the gateway's figures mean, for Prometheus: the engine's counters, and those of devices. */
import type { DeviceMessage } from '../control/contract/messages.ts'

/** Counters of all stores of the gateway together; those that are not listed say their own name. */
const counterHelp: Readonly<Record<string, string>> = {
  store_capacity_bytes_now: 'Bytes that hosts may fill.',
  store_used_bytes_now: 'Bytes that the logs take, with dead blocks.',
  store_live_bytes_now: 'Bytes of blocks that can be read.',
  store_erasing_bytes_now: 'Bytes deleted or deallocated, and not yet given back.',
  store_index_bytes_now: 'Bytes of memory that the indexes take.',
  store_log_tail_bytes_now: 'Bytes of log behind the last checkpoints: what a start would replay.',
  store_failed_now: 'Stores that have failed.',
  store_host_written_bytes: 'Bytes that hosts wrote.',
  store_device_written_bytes:
    'Bytes written to devices; over those that hosts wrote, the write amplification.',
  store_moved_written_bytes: 'Bytes that compaction wrote.',
  store_index_written_bytes: 'Bytes that checkpoints and evicted pages of the indexes took.',
  store_batches: 'Batches appended to the logs.',
  store_flushes: 'Flushes of devices.',
  store_checkpoints: 'Checkpoints of the indexes.',
  store_checksum_errors: 'Damaged blocks, counted at every read.',
  store_index_hits: 'Pages of the indexes that were in memory when they were needed.',
  store_index_misses: 'Pages of the indexes that had to be read.',
  store_scrubs_running_now: 'Devices that are being scrubbed.',
  store_scrub_passes: 'Passes over all live blocks of a device.',
  store_scrub_read_blocks_now: 'Blocks read by each present pass, or the last one.',
  store_scrub_total_blocks_now: 'Live blocks when each of these passes began.',
  store_scrub_damaged_blocks_now: 'Damaged blocks found by these passes.',
  shard_parts_retried: 'Parts of commands that were sent again, as their group changed hands.',
  groups_led_now: 'Groups that this node is the primary of.',
  groups_served_now: 'Of those, the ones that would answer a read now.',
  groups_to_copy_blocks_now: 'Blocks of 4096 bytes that joining members of these groups lack.',
  peer_connections_now: 'Connections with other nodes.',
  peer_sent_frames: 'Messages sent to other nodes.',
  peer_received_frames: 'Messages received from other nodes.',
  peer_sent_bytes: 'Bytes sent to other nodes.',
  peer_received_bytes: 'Bytes received from other nodes.',
  peer_dropped_messages: 'Messages to other nodes that could not be sent.',
  peer_put_off_requests: 'Requests to other nodes that had to wait for memory.',
}

export const helpOfCounter = (name: string): string =>
  counterHelp[name] ?? `The engine's counter ${name}.`

interface DeviceFigure {
  readonly name: string
  readonly help: string
  read(device: DeviceMessage): number
}

/** A series for each device. */
export const deviceFigures: readonly DeviceFigure[] = [
  {
    name: 'capacity_bytes',
    help: 'Bytes that hosts may fill.',
    read: (device) => device.capacityBytes,
  },
  {
    name: 'used_bytes',
    help: 'Bytes that the log takes, with dead blocks.',
    read: (device) => device.usedBytes,
  },
  {
    name: 'live_bytes',
    help: 'Bytes of blocks that can be read.',
    read: (device) => device.liveBytes,
  },
  { name: 'failed', help: '1 once it has failed.', read: (device) => Number(device.failed) },
  {
    name: 'erasing_bytes',
    help: 'Bytes deleted or deallocated, and not yet given back.',
    read: (device) => device.store?.erasingBytes ?? 0,
  },
  {
    name: 'host_written_bytes',
    help: 'Bytes that hosts wrote since the gateway started.',
    read: (device) => device.store?.hostWrittenBytes ?? 0,
  },
  {
    name: 'written_bytes',
    help: 'Bytes written to it since the gateway started.',
    read: (device) => device.store?.deviceWrittenBytes ?? 0,
  },
  {
    name: 'log_tail_bytes',
    help: 'Bytes of log that a start would replay.',
    read: (device) => device.store?.logTailBytes ?? 0,
  },
  {
    name: 'index_bytes',
    help: 'Bytes of memory that its index takes.',
    read: (device) => device.store?.indexBytes ?? 0,
  },
  {
    name: 'checksum_errors',
    help: 'Damaged blocks, counted at every read since the gateway started.',
    read: (device) => device.store?.checksumErrors ?? 0,
  },
  {
    name: 'scrub_running',
    help: '1 while its live blocks are being read.',
    read: (device) => Number(device.scrub?.state === 'RUNNING'),
  },
  {
    name: 'scrub_damaged_blocks',
    help: 'Damaged blocks found by the present scrub, or the last one.',
    read: (device) => device.scrub?.blocksDamaged ?? 0,
  },
  {
    name: 'scrub_finished_timestamp_seconds',
    help: 'When a scrub last read everything, in seconds since 1970; 0: never.',
    read: (device) => (device.scrub?.finishedAtMs ?? 0) / 1000,
  },
]
