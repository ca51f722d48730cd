// The lifeboat.yaml of a world, and the secrets that it names.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { stringify } from 'yaml'
import type { Cloud } from './cloud.ts'
import type { Host } from './host.ts'
import type { NameServer } from './names.ts'
import { shopNodes } from './shop/nodes.ts'
import { databaseEntries } from './shop/databases.ts'
import { hasDatabases, type WorldSpec } from './spec.ts'

export type ConfigParts = {
  readonly folder: string
  readonly spec: WorldSpec
  readonly names: NameServer | null
  readonly host: Host | null
  readonly cloud: Cloud | null
}

type Keys = Readonly<Record<string, unknown>>

/** Writes lifeboat.yaml; secrets go to files of mode 0600 beside it. */
export function writeConfig(parts: ConfigParts): void {
  const config = merge(configOf(parts), parts.spec.config ?? {})
  writeFileSync(path.join(parts.folder, 'lifeboat.yaml'), stringify(config, { lineWidth: 0, aliasDuplicateObjects: false }))
}

function configOf(parts: ConfigParts): Keys {
  const { spec, names } = parts
  return {
    project: 'shop',
    providers: { old: oldProvider(parts), ...newProvider(parts) },
    ...(names === null ? {} : { dns: { zone: zoneOf(parts, names) } }),
    defaults: {
      ssh: { user: 'root', key: 'file:secrets/id_ed25519' },
      downtimeBudget: '20s',
      finish: { policy: 'manual', watchFor: '5s', forwardFor: '5s' },
    },
    ...(spec.targets === 'none' ? {} : { moves: Object.fromEntries(spec.sources.map((name) => [name, moveOf(parts, name)])) }),
  }
}

function oldProvider({ folder, spec, host }: ConfigParts): Keys {
  if (host === null) return { kind: 'static', nodes: spec.sources.map((name) => ({ name, address: shopNodes[name].address, cpus: 1, memoryMiB: 1024 })) }
  const { url, user, password, fingerprint, keys } = host
  return { kind: spec.host, url, ...keys, user, password: secret(folder, 'host-password', password), tls: { fingerprint } }
}

function newProvider({ folder, spec, cloud }: ConfigParts): Keys {
  if (spec.targets === 'static') return { iron: { kind: 'static', nodes: spec.sources.map((name) => ({ name, address: shopNodes[name].targetAddress })) } }
  if (cloud === null) return {}
  return {
    new: {
      kind: 'aws',
      region: cloud.region,
      endpoint: cloud.endpoint,
      accessKey: secret(folder, 'aws-access-key', cloud.accessKey),
      secretKey: secret(folder, 'aws-secret-key', cloud.secretKey),
      network: { cidr: '10.20.0.0/16' },
      // The simulated AWS has no Debian; whatever image is asked for, the lab boots its own.
      images: { 'debian-12': { owner: '137112412989', name: 'al2023-ami-2023.*-x86_64' } },
    },
  }
}

function zoneOf({ folder }: ConfigParts, names: NameServer): Keys {
  const { name, algorithm, secret: value } = names.key
  return { kind: 'rfc2136', server: names.server, zone: names.zone, key: { name, algorithm, secret: secret(folder, 'tsig', value) } }
}

function moveOf({ spec, names }: ConfigParts, name: (typeof spec.sources)[number]): Keys {
  const { dnsName, data, services, singletons } = shopNodes[name]
  return {
    from: { provider: 'old', name },
    to: spec.targets === 'aws' ? { provider: 'new', size: 'auto', image: 'debian-12', disk: 1 } : { provider: 'iron' },
    data: [{ kind: 'files', path: data }, ...(hasDatabases(spec, name) ? databaseEntries : [])],
    services,
    ...(singletons.length === 0 ? {} : { singletons }),
    ports: [80],
    checks: [{ http: 'http://{address}/health', expect: 200 }],
    ...(names === null ? {} : { names: [{ dns: 'zone', name: dnsName }] }),
  }
}

function secret(folder: string, name: string, value: string): string {
  writeFileSync(path.join(folder, 'secrets', name), value, { mode: 0o600 })
  return `file:secrets/${name}`
}

/** Keys of `over` replace those of `base`, objects key by key; null removes one. */
function merge(base: Keys, over: Keys): Keys {
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key]
    if (value === null) delete merged[key]
    else merged[key] = isKeys(value) && isKeys(below) ? merge(below, value) : value
  }
  return merged
}

function isKeys(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
