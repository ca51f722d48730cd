// Where a machine stands: folders and networks by their ids, and the path that people know.
import { textOf, type VimObject } from './properties.ts'
import { referenceOf } from './soap.ts'
import { valueAt } from './properties.ts'

export type Places = {
  /** Folders, datacenters and vApps. A parent of null is not known. */
  readonly containers: ReadonlyMap<string, { readonly name: string | null; readonly parent: string | null }>
  readonly networks: ReadonlyMap<string, string>
  /** The folder above all datacenters, which no path names. */
  readonly root: string
}

const containerTypes: ReadonlySet<string> = new Set(['Folder', 'Datacenter', 'VirtualApp'])

export function placesOf(objects: readonly VimObject[], root: string): Places {
  const containers = new Map<string, { name: string | null; parent: string | null }>()
  const networks = new Map<string, string>()
  for (const object of objects) {
    const name = textOf(object, 'name')
    if (containerTypes.has(object.type)) containers.set(object.id, { name, parent: parentOf(object) })
    else if (name !== null) networks.set(object.id, displayName(name))
  }
  return { containers, networks, root }
}

/** The container of a machine or of another container. One inside a vApp has no `parent` of its own. */
export function parentOf(object: VimObject): string | null {
  for (const path of ['parent', 'parentFolder', 'parentVApp']) {
    const reference = referenceOf(valueAt(object, path))
    if (reference !== null) return reference.id
  }
  return null
}

/** `/DC0/vm/shop/web-1`, or null when a container on the way is not visible. */
export function pathOf(places: Places, parent: string | null, name: string): string | null {
  const parts = [displayName(name)]
  const seen = new Set<string>()
  for (let here = parent; here !== places.root;) {
    const container = here === null || seen.has(here) ? undefined : places.containers.get(here)
    if (here === null || container === undefined || container.name === null) return null
    seen.add(here)
    parts.unshift(displayName(container.name))
    here = container.parent
  }
  return `/${parts.join('/')}`
}

/** vSphere stores `/`, `\` and `%` of a name escaped, and nothing else. */
export function displayName(stored: string): string {
  return stored.replaceAll(/%(2f|5c|25)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
