// How a copy travels, decided from what both ends can do and what the way between them was measured to do: pure. The
// figures were measured for this project (docs/performance.md tells how).
import { counted, formatBytes, formatDuration } from '../../core/units.ts'
import { holesInPlaceSince, isOlder, type Ability } from './ability.ts'

export type Way = {
  /** For `ssh -c`; null: what ssh chooses. */
  readonly cipher: string | null
  readonly compression: 'zstd' | 'lz4' | null
  /** Copies at the same time, each over a connection of its own, in a first copy. */
  readonly connections: number
  readonly acls: boolean
  readonly xattrs: boolean
  /** Both ends compare times to the nanosecond. */
  readonly exactTimes: boolean
  /** The receiving end leaves holes also in a file that it writes in place. */
  readonly holesInPlace: boolean
  /** The giving end may have files with holes. */
  readonly holes: boolean
  /** The giving end has `ionice`. */
  readonly ionice: boolean
  /** At most so many KiB a second, of all connections together; null: no limit. */
  readonly limitKiB: number | null
}

/** What a probe found: round trip, and what its connections carried together. */
export type Measured = { readonly rttMs: number; readonly bytesPerSecond: number }

export const plainWay: Way = {
  cipher: null,
  compression: null,
  connections: 1,
  acls: true,
  xattrs: true,
  exactTimes: true,
  holesInPlace: false,
  holes: true,
  ionice: false,
  limitKiB: null,
}

/** What OpenSSH has on the way at most on one connection, in bytes: it carries no more than this a round trip. */
const windowBytes = 2 * 1024 * 1024
const mostConnections = 8
/** From this round trip on a probe used several connections, too. */
const farMs = 5
/** A far way takes so many at least, as a busy node measures it too slow: what fills a gigabit at 40 ms. */
const farConnections = 4
/** A receiving core keeps up with more than one copy of a far source; two were measured. */
const connectionsPerCpu = 2
/** From here on compressing costs more than it saves, bytes a second: what a probe finds of a gigabit. Below `slow` zstd is worth its processor. */
const fast = 80e6
const slow = 40e6

/** `measured` null: nothing is known of the way. `linkMbps`: what the configuration allows. */
export function chooseWay(from: Ability, to: Ability, measured: Measured | null, linkMbps: number | null): Way {
  const both = (feature: string): boolean => from.features.has(feature) && to.features.has(feature)
  const allowed = linkMbps === null ? Number.POSITIVE_INFINITY : (linkMbps * 1e6) / 8
  const rate = measured === null || measured.bytesPerSecond < 1 ? null : Math.min(measured.bytesPerSecond, allowed)
  return {
    cipher: from.aes && to.aes ? 'aes128-gcm@openssh.com' : null,
    compression: compressionFor(rate, both),
    connections: measured === null || rate === null ? 1 : connectionsFor(rate, measured.rttMs, to.cpus, rate < allowed ? farConnections : 2),
    acls: both('ACLs'),
    xattrs: both('xattrs'),
    exactTimes: ![from, to].some(({ version }) => isOlder(version, '3.1.3')),
    holesInPlace: !isOlder(from.version, '3.1.3') && !isOlder(to.version, holesInPlaceSince),
    holes: true,
    ionice: from.ionice,
    limitKiB: linkMbps === null ? null : Math.max(1, Math.floor(allowed / 1024)),
  }
}

/** Never zlib: it is seven times slower than nothing on a fast link. */
function compressionFor(rate: number | null, both: (feature: string) => boolean): Way['compression'] {
  if (rate === null || rate >= fast) return null
  const wanted = rate < slow ? 'zstd' : 'lz4'
  return both(wanted) ? wanted : null
}

/** As many as fill the way, and one more: a copy that waits for an answer leaves its share to the others. */
function connectionsFor(rate: number, rttMs: number, cpus: number, fewest: number): number {
  const needed = Math.ceil((rate * rttMs) / 1000 / windowBytes)
  if (needed <= 1 && rttMs < farMs) return 1
  return Math.min(Math.max(needed + 1, rttMs < farMs ? 2 : fewest), mostConnections, connectionsPerCpu * cpus)
}

/** Whether a way that was measured so should be measured again: nodes that are busy make one slower, and nothing makes one faster. */
export function isDoubtful({ bytesPerSecond }: Measured): boolean {
  return bytesPerSecond < fast
}

/** The better of two. */
export function betterOf(one: Measured, other: Measured): Measured {
  return { rttMs: Math.min(one.rttMs, other.rttMs), bytesPerSecond: Math.max(one.bytesPerSecond, other.bytesPerSecond) }
}

/** Seconds, before any pass was measured: 0.11 ms to make a file and 22 µs to look at one, or what the way carries. */
export function forecastSeconds(files: number, bytes: number, measured: Measured | null): { readonly first: number; readonly delta: number } {
  const handshake = 0.5
  const carried = measured === null || measured.bytesPerSecond < 1 ? 0 : bytes / measured.bytesPerSecond
  return { first: handshake + Math.max(files * 0.11e-3, carried), delta: handshake + files * 22e-6 }
}

/** For people: `0.4 ms away, 310 MiB/s; one connection, aes128-gcm@openssh.com, not compressed; …`. */
export function describeWay(way: Way, measured: Measured | null, forecast: { readonly first: number; readonly delta: number }): string {
  const reach = measured === null ? 'the way was not measured' : `${formatDuration(measured.rttMs)} there and back, ${formatBytes(measured.bytesPerSecond)}/s`
  const limit = way.limitKiB === null ? [] : [`at most ${formatBytes(way.limitKiB * 1024)}/s`]
  const travels = [counted(way.connections, 'connection'), way.cipher ?? 'the default cipher', way.compression ?? 'not compressed', ...limit].join(', ')
  return `${reach}; ${travels}; a first copy takes about ${formatDuration(forecast.first * 1000)}, a look at everything ${formatDuration(forecast.delta * 1000)}`
}
