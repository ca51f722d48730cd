// Objects at DigitalOcean by the tags that we put on them, or by their name where they take none; the mark of what holds data,
// and whether a droplet runs.
import { z } from 'zod'
import { LifeboatError } from '../../core/errors.ts'
import { openJsonApi, type JsonApi } from '../json-api.ts'
import type { DataMark, Marked } from '../node-outputs.ts'
import { marksOfPending, nameOf, onlyOne, unknownType } from '../ownership.ts'
import type { Pending, Target } from '../provider.ts'
import { holdsDataTag, markTags, readDigitaloceanFailure } from './account.ts'
import type { DigitaloceanConfig } from './schema.ts'

type Listing = { readonly path: string; readonly collection: string; readonly by: 'tags' | 'name' }

/** Where objects of a type are listed. The tags of a firewall are those of the droplets that it guards. */
const listings: Readonly<Record<string, Listing>> = {
  'digitalocean:index/droplet:Droplet': { path: 'droplets', collection: 'droplets', by: 'tags' },
  'digitalocean:index/volume:Volume': { path: 'volumes', collection: 'volumes', by: 'tags' },
  'digitalocean:index/vpc:Vpc': { path: 'vpcs', collection: 'vpcs', by: 'name' },
  'digitalocean:index/firewall:Firewall': { path: 'firewalls', collection: 'firewalls', by: 'name' },
  'digitalocean:index/sshKey:SshKey': { path: 'account/keys', collection: 'ssh_keys', by: 'name' },
}

const objects = z.array(z.object({ id: z.union([z.string(), z.number().int()]).transform(String), name: z.string(), tags: z.array(z.string()).nullish() }))
const links = z
  .object({ pages: z.object({ next: z.string() }).partial() })
  .partial()
  .nullish()

export function digitaloceanObjects({ endpoint, token }: DigitaloceanConfig): Required<Pick<Target, 'find' | 'isOff'>> & { readonly mark: DataMark } {
  const headers = { authorization: `Bearer ${token.reveal()}` }
  const api = openJsonApi({ service: 'DigitalOcean', headers: async () => headers, readFailure: readDigitaloceanFailure, secrets: [token.reveal()] })
  const at = (path: string) => `${endpoint}/v2/${path}`
  return {
    find: async (pending, signal) => await found(api, at, pending, signal),
    isOff: async (id, signal) => {
      const schema = z.object({ droplet: z.object({ status: z.string() }) })
      const answer = await api.ask(`whether ${id} runs`, at(`droplets/${id}`), schema, signal)
      // One that this account does not know may run in another.
      if (answer === null) throw new LifeboatError('target-unreachable', `DigitalOcean does not know the droplet ${id}; whether it runs is not known.`)
      return answer.droplet.status === 'off' || answer.droplet.status === 'archive'
    },
    mark: {
      put: async (marked, signal) => {
        const what = `when ${marked.id} was to be marked as holding data`
        await api.ask(what, at('tags'), z.unknown(), signal, { method: 'POST', body: { name: holdsDataTag } })
        const body = { resources: [{ resource_id: marked.id, resource_type: typeOf(marked) }] }
        await api.ask(what, at(`tags/${encodeURIComponent(holdsDataTag)}/resources`), z.unknown(), signal, { method: 'POST', body })
      },
      has: async (marked, signal) => {
        const schema = z.record(z.string(), z.object({ tags: z.array(z.string()) })).transform((body) => Object.values(body).flatMap(({ tags }) => tags))
        const tags = await api.ask(`whether ${marked.id} holds data`, at(`${typeOf(marked)}s/${marked.id}`), schema, signal)
        return tags?.includes(holdsDataTag) === true
      },
    },
  }
}

function typeOf({ kind }: Marked): 'volume' | 'droplet' {
  return kind === 'volume' ? 'volume' : 'droplet'
}

async function found(api: JsonApi, at: (path: string) => string, pending: Pending, signal: AbortSignal): Promise<string | null> {
  const listing = listings[pending.type]
  if (listing === undefined) throw unknownType(pending)
  const marks = marksOfPending(pending)
  const wanted = { tags: markTags(marks), name: nameOf(marks, marks.object) }
  const schema = z.object({ [listing.collection]: objects, links })
  const ids: string[] = []
  for (let page = 1, more = true; more; page += 1) {
    const answer = await api.ask(`whether ${pending.name} exists`, at(`${listing.path}?per_page=200&page=${page}`), schema, signal)
    const listed = objects.parse(answer?.[listing.collection] ?? [])
    const ours = listed.filter(({ name, tags }) => (listing.by === 'name' ? name === wanted.name : wanted.tags.every((tag) => tags?.includes(tag))))
    ids.push(...ours.map(({ id }) => id))
    more = links.parse(answer?.links)?.pages?.next !== undefined
  }
  return onlyOne(pending, ids)
}
