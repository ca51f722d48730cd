// Part of our own simulator of Terremark vCloud Express (lab/terremark): who is let in, and what stands at which path.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { randomBytes } from 'node:crypto'
import { apiPath, writerFor, type Page, type Service, type Writer } from './answers.ts'
import type { Action, Estate, Machine } from './estate.ts'

export type Answer = { readonly status: number; readonly body: string; readonly headers?: OutgoingHttpHeaders }
export type Asked = { readonly method: string; readonly url: URL; readonly headers: IncomingHttpHeaders }

export type Tokens = { readonly give: () => string; readonly take: (cookie: string | undefined) => boolean; readonly clear: () => void }

/** A log-in that is not used for so long is over, as at the real service. */
const idleMs = 600_000

export function tokensOf(now: () => number): Tokens {
  const lastUse = new Map<string, number>()
  return {
    give: () => {
      const token = randomBytes(16).toString('hex')
      lastUse.set(token, now())
      return token
    },
    take: (cookie) => {
      const token = /(?:^|;\s*)vcloud-token=([^;]+)/.exec(cookie ?? '')?.[1] ?? ''
      const last = lastUse.get(token)
      if (last === undefined || now() - last > idleMs) return false
      lastUse.set(token, now())
      return true
    },
    clear: () => lastUse.clear(),
  }
}

export type Api = {
  readonly origin: string
  readonly user: string
  readonly password: string
  readonly estate: Estate
  readonly tokens: Tokens
  readonly pageSize?: number
  readonly spareAddresses?: readonly string[]
  /** The message with which the next task fails, or null. */
  readonly failure: () => string | null
}

/** Answers requests to the API. Paths are those that jclouds, libcloud and fog asked at. */
export function apiOf(options: Api): (asked: Asked) => Answer {
  const { estate, tokens, user, password } = options
  const write = writerFor(options.origin, user)
  const credentials = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const found = (body: string | null): Answer => (body === null ? { status: 404, body: write.error(404, 'Not found') } : { status: 200, body })
  const read = readerOf(options, write)
  const act = (place: string): Answer => {
    const [, id, action] = /^\/vapp\/(\d+)\/(?:power\/)?action\/(deploy|powerOn|powerOff|shutdown)$/.exec(place) ?? []
    const machine = estate.machines.find((each) => String(each.id) === id)
    if (machine === undefined) return found(null)
    // The pattern allows these actions only.
    const ordered = estate.act(machine, action as Action, action === 'shutdown' ? null : options.failure())
    if ('refused' in ordered) return { status: ordered.refused, body: write.error(ordered.refused, ordered.message) }
    return ordered.task === null ? { status: 204, body: '' } : { status: 202, body: write.task(ordered.task) }
  }
  return ({ method, url, headers }) => {
    if (url.pathname === '/api/versions') return found(write.versions())
    const place = url.pathname.startsWith(apiPath) ? url.pathname.slice(apiPath.length) : ''
    if (place === '/login' && method === 'POST') {
      if (headers.authorization !== credentials) return { status: 401, body: '' }
      return { ...found(write.orgList()), headers: { 'set-cookie': `vcloud-token=${tokens.give()}; path=/` } }
    }
    if (!tokens.take(headers.cookie)) return { status: 401, body: '' }
    return method === 'POST' ? act(place) : found(read(place, url))
  }
}

/** What can be read: the pattern of a path, and the answer for the number in it. */
function readerOf({ estate, pageSize = 50, spareAddresses = [] }: Api, write: Writer): (place: string, url: URL) => string | null {
  const services = servicesOf(estate)
  const page = <Each>(items: readonly Each[], url: URL): Page<Each> => {
    const number = Number(url.searchParams.get('page') ?? '1')
    const next = items.length > number * pageSize ? `${url.pathname.slice(apiPath.length)}?page=${number + 1}` : null
    return { items: items.slice((number - 1) * pageSize, number * pageSize), next }
  }
  const machinesOf = (centre: number): readonly Machine[] => estate.machines.filter((each) => each.centre === centre)
  const servicesIn = (centre: number): readonly Service[] => services.filter(({ machine }) => machine.centre === centre)
  const maybe = <Each>(each: Each | null | undefined, written: (each: Each) => string): string | null => (each ? written(each) : null)
  const places: readonly (readonly [pattern: RegExp, answer: (id: number, url: URL) => string | null])[] = [
    [/^\/org\/(\d+)$/, () => write.org(estate.centres)],
    [/^\/vdc\/(\d+)$/, (id, url) => maybe(estate.centres[id - 1], (name) => write.centre(id, name, page(machinesOf(id), url)))],
    [/^\/vdc\/(\d+)\/internetServices$/, (id, url) => write.services(page(servicesIn(id), url))],
    [
      /^\/vdc\/(\d+)\/publicIps$/,
      (id) => write.publicAddresses([...new Set([...servicesIn(id).map(({ publicAddress }) => publicAddress), ...spareAddresses])]),
    ],
    [
      /^\/vapp\/(\d+)$/,
      (id) =>
        maybe(
          estate.machines.find((each) => each.id === id),
          write.vapp,
        ),
    ],
    [
      /^\/InternetServices\/(\d+)\/nodeServices$/,
      (id) =>
        maybe(
          services.find((each) => each.id === id),
          write.serviceNodes,
        ),
    ],
    [/^\/task\/(\d+)$/, (id) => maybe(estate.task(id), write.task)],
  ]
  return (place, url) => {
    for (const [pattern, answer] of places) {
      const id = pattern.exec(place)?.[1]
      if (id !== undefined) return answer(Number(id), url)
    }
    return null
  }
}

function servicesOf(estate: Estate): readonly Service[] {
  return estate.machines.flatMap((machine) =>
    (machine.services ?? []).map(({ port, protocol, publicAddress, publicPort }, index) => ({
      id: machine.id * 10 + index,
      machine,
      port,
      protocol,
      publicAddress: publicAddress ?? machine.address ?? '',
      publicPort: publicPort ?? port,
    })),
  )
}
