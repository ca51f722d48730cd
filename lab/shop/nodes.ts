// The nodes of the shop.

export type ShopNode = 'web-1' | 'web-2' | 'files-1'

export type ShopNodeFacts = {
  readonly name: ShopNode
  readonly dnsName: string
  /** At the old provider, and of its static target at the new one. */
  readonly address: string
  readonly targetAddress: string
  /** The same of IPv6, where a world has it. */
  readonly address6: string
  readonly targetAddress6: string
  readonly mac: string
  readonly kind: 'orders' | 'files'
  readonly data: string
  /** Stops in the freeze, starts at promotion. */
  readonly services: readonly string[]
  /** Must never run on both sides. */
  readonly singletons: readonly string[]
}

const orders = { kind: 'orders', data: '/srv/shop', services: ['shop.service'], singletons: ['shop-cron.timer'] } as const
const files = { kind: 'files', data: '/srv/files', services: ['files.service'], singletons: [] } as const

export const shopNodes: Readonly<Record<ShopNode, ShopNodeFacts>> = {
  'web-1': { name: 'web-1', dnsName: 'www.shop.example', ...places(1), ...orders },
  'web-2': { name: 'web-2', dnsName: 'api.shop.example', ...places(2), ...orders },
  'files-1': { name: 'files-1', dnsName: 'files.shop.example', ...places(3), ...files },
}

function places(number: number) {
  return {
    address: `198.51.100.1${number}`,
    targetAddress: `203.0.113.21${number}`,
    address6: `2001:db8:1::1${number}`,
    targetAddress6: `2001:db8:2::21${number}`,
    mac: `00:50:56:00:01:1${number}`,
  }
}
