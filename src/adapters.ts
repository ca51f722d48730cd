// The one list of every adapter. A new kind is one line here, its file or room, and a ten-line conformance test.
import type { z } from 'zod'
import { cloudflare } from './dns/cloudflare/index.ts'
import { manual } from './dns/manual.ts'
import type { DnsAdapter } from './dns/provider.ts'
import { rfc2136 } from './dns/rfc2136/index.ts'
import { route53 } from './dns/route53/index.ts'
import { files } from './movers/files/index.ts'
import type { Claims, MoverAdapter, TreeRoot } from './movers/mover.ts'
import { hook } from './movers/hook/index.ts'
import { mysql } from './movers/mysql/index.ts'
import { postgres } from './movers/postgres/index.ts'
import { redis } from './movers/redis/index.ts'
import { awsProvider } from './providers/aws/index.ts'
import type { ProviderAdapter } from './providers/provider.ts'
import { digitalocean } from './providers/digitalocean/index.ts'
import { hcloud } from './providers/hcloud/index.ts'
import { openstack } from './providers/openstack/index.ts'
import { staticProvider } from './providers/static.ts'
import { terremark } from './providers/terremark/index.ts'
import { vcloud } from './providers/vcloud/index.ts'
import { vsphere } from './providers/vsphere/index.ts'
import { alertmanager } from './watch/hooks/alertmanager.ts'
import { datadog } from './watch/hooks/datadog.ts'
import { generic } from './watch/hooks/generic.ts'
import { grafana } from './watch/hooks/grafana.ts'
import { healthchecks } from './watch/hooks/healthchecks.ts'
import type { HookFamily } from './watch/hooks/hook.ts'
import { opsgenie } from './watch/hooks/opsgenie.ts'
import { pagerduty } from './watch/hooks/pagerduty.ts'
import { sns } from './watch/hooks/sns.ts'
import { standardWebhooks } from './watch/hooks/standard-webhooks.ts'
import { statuspage } from './watch/hooks/statuspage.ts'
import { uptimeKuma } from './watch/hooks/uptime-kuma.ts'
import { uptimerobot } from './watch/hooks/uptimerobot.ts'

export const providers = { vsphere, vcloud, terremark, aws: awsProvider, hcloud, digitalocean, openstack, static: staticProvider } as const
export const dns = { rfc2136, route53, cloudflare, manual } as const
export const movers = { files, hook, mysql, postgres, redis } as const
export const hooks = {
  alertmanager,
  grafana,
  pagerduty,
  datadog,
  sns,
  opsgenie,
  uptimerobot,
  healthchecks,
  'uptime-kuma': uptimeKuma,
  statuspage,
  'standard-webhooks': standardWebhooks,
  generic,
} as const

/** The schemas of all kinds, for lifeboat.yaml. */
export const kinds = {
  providers: Object.values(providers).map((adapter) => adapter.schema),
  dns: Object.values(dns).map((adapter) => adapter.schema),
  data: Object.values(movers).map((adapter) => adapter.schema),
  hooks: Object.values(hooks).map((family) => family.schema),
  claimsOf,
  declares: (kind: string): boolean => providerOf(kind)?.declares === true,
}

// Each adapter was given a configuration that its own schema has parsed; the lists below forget which is whose.
export function providerOf(kind: string): ProviderAdapter<z.ZodType<never>> | undefined {
  return (providers as Readonly<Record<string, unknown>>)[kind] as ProviderAdapter<z.ZodType<never>> | undefined
}

export function dnsOf(kind: string): DnsAdapter<z.ZodType<never>> | undefined {
  return (dns as Readonly<Record<string, unknown>>)[kind] as DnsAdapter<z.ZodType<never>> | undefined
}

export function moverOf(kind: string): MoverAdapter<z.ZodType<never>> | undefined {
  return (movers as Readonly<Record<string, unknown>>)[kind] as MoverAdapter<z.ZodType<never>> | undefined
}

export function hookOf(family: string): HookFamily<z.ZodObject> | undefined {
  return (hooks as Readonly<Record<string, unknown>>)[family] as HookFamily<z.ZodObject> | undefined
}

/** What this entry under `data:` has to itself; null: it is no database. Its keys were parsed by the schema of its kind. */
export function claimsOf(data: { readonly kind: string }): Claims | null {
  const adapter = moverOf(data.kind)
  return adapter?.claims?.(data as never) ?? null
}

/** The folder tree of this entry; null: it is none. */
export function rootOf(data: { readonly kind: string }): TreeRoot | null {
  return moverOf(data.kind)?.root?.(data as never) ?? null
}
