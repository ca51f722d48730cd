// Objects at Hetzner by the labels that we put on them, the mark of what holds data, and whether a server runs.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { openJsonApi, type JsonApi } from '../json-api.ts'
import type { DataMark, Marked } from '../node-outputs.ts'
import { marksOfPending, onlyOne, unknownType } from '../ownership.ts'
import type { Pending, Target } from '../provider.ts'
import { holdsDataLabel, markLabels, readHcloudFailure } from './account.ts'
import type { HcloudConfig } from './schema.ts'

const id = z.number().int()
const labels = z.record(z.string(), z.string())

/** Where objects of a type are listed. */
const collections: Readonly<Record<string, string>> = {
  'hcloud:index/server:Server': 'servers',
  'hcloud:index/volume:Volume': 'volumes',
  'hcloud:index/network:Network': 'networks',
  'hcloud:index/firewall:Firewall': 'firewalls',
  'hcloud:index/sshKey:SshKey': 'ssh_keys',
  'hcloud:index/primaryIp:PrimaryIp': 'primary_ips',
}

export function hcloudObjects({ endpoint, token }: HcloudConfig): Required<Pick<Target, 'find' | 'isOff'>> & { readonly mark: DataMark } {
  const headers = { authorization: `Bearer ${token.reveal()}` }
  const api = openJsonApi({ service: 'Hetzner', headers: async () => headers, readFailure: readHcloudFailure, secrets: [token.reveal()] })
  const at = (path: string) => `${endpoint}/${path}`
  return {
    find: async (pending, signal) => await found(api, at, pending, signal),
    isOff: async (server, signal) => {
      const schema = z.object({ server: z.object({ status: z.string() }) })
      const answer = await api.ask(`whether ${server} runs`, at(`servers/${server}`), schema, signal)
      // One that this project does not know may run in another.
      if (answer === null) throw new LifeboatError('target-unreachable', `Hetzner does not know the server ${server}; whether it runs is not known.`)
      return answer.server.status === 'off'
    },
    mark: {
      put: async (marked, signal) => {
        const now = (await labelsAt(api, at, marked, signal)) ?? {}
        const body = { labels: { ...now, [holdsDataLabel]: 'yes' } }
        await api.ask(`when ${marked.id} was to be marked as holding data`, at(pathOf(marked)), z.unknown(), signal, { method: 'PUT', body })
      },
      has: async (marked, signal) => (await labelsAt(api, at, marked, signal))?.[holdsDataLabel] !== undefined,
    },
  }
}

type At = (path: string) => string

function pathOf({ kind, id: one }: Marked): string {
  return `${kind === 'volume' ? 'volumes' : 'servers'}/${one}`
}

/** A change of labels replaces all of them, so those that are there are read first. Null: the object is gone. */
async function labelsAt(api: JsonApi, at: At, marked: Marked, signal: AbortSignal): Promise<Readonly<Record<string, string>> | null> {
  const schema = z.record(z.string(), z.object({ labels })).transform((body) => Object.values(body)[0]?.labels ?? {})
  return await api.ask(`whether ${marked.id} holds data`, at(pathOf(marked)), schema, signal)
}

async function found(api: JsonApi, at: At, pending: Pending, signal: AbortSignal): Promise<string | null> {
  const what = `whether ${pending.name} exists`
  switch (pending.type) {
    case 'hcloud:index/volumeAttachment:VolumeAttachment': {
      const { volumeId, serverId } = z.object({ volumeId: id, serverId: id }).parse(pending.inputs)
      const answer = await api.ask(what, at(`volumes/${volumeId}`), z.object({ volume: z.object({ server: id.nullable() }) }), signal)
      return answer?.volume.server === serverId ? String(volumeId) : null
    }
    case 'hcloud:index/networkSubnet:NetworkSubnet': {
      const { networkId, ipRange } = z.object({ networkId: id, ipRange: z.string() }).parse(pending.inputs)
      const schema = z.object({ network: z.object({ subnets: z.array(z.object({ ip_range: z.string() })) }) })
      const answer = await api.ask(what, at(`networks/${networkId}`), schema, signal)
      return answer?.network.subnets.some((subnet) => subnet.ip_range === ipRange) === true ? `${networkId}-${ipRange}` : null
    }
    default: {
      const collection = collections[pending.type]
      if (collection === undefined) throw unknownType(pending)
      const selector = Object.entries(markLabels(marksOfPending(pending))).map(([key, value]) => `${key}==${value}`)
      const schema = z.object({ [collection]: z.array(z.object({ id })) })
      const answer = await api.ask(what, at(`${collection}?label_selector=${encodeURIComponent(selector.join(','))}`), schema, signal)
      return onlyOne(
        pending,
        (answer?.[collection] ?? []).map((one) => String(one.id)),
      )
    }
  }
}
