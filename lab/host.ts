// Who hosts the machines of the old provider: one of the APIs that the lab has, by its kind in lifeboat.yaml.

/** Kinds as in lifeboat.yaml, and what people call them. */
export const hostTitles = { vsphere: 'vCenter', vcloud: 'vCloud Director', terremark: 'vCloud Express' } as const
export type HostKind = keyof typeof hostTitles

export function isHostKind(kind: string): kind is HostKind {
  return Object.hasOwn(hostTitles, kind)
}

export type VirtualMachine = { readonly name: string; readonly folder: string; readonly address?: string; readonly mac?: string; readonly power?: 'on' | 'off' }

/** What a hypervisor has to carry out. */
export type MachineEvent =
  | { readonly event: 'power'; readonly machine: string; readonly power: 'on' | 'off' }
  | { readonly event: 'nic'; readonly machine: string; readonly connected: boolean }

export type Host = {
  readonly url: string
  readonly user: string
  readonly password: string
  /** SHA-256 of its certificate, `sha256:AB:CD:…`. */
  readonly fingerprint: string
  /** Further keys of its entry in lifeboat.yaml. */
  readonly keys?: Readonly<Record<string, string>>
  /** Asks for faults on demand; all kinds know /power, /status and /faults/clear. */
  readonly control: (path: string, order?: unknown) => Promise<unknown>
  /** The API does not answer at all: connections are accepted by nobody. */
  readonly stop: () => Promise<void>
  /** It is asleep: connections are accepted, nothing is answered. */
  readonly freeze: () => Promise<void>
  readonly thaw: () => Promise<void>
}

/** Starts one with these machines. `onEvent` hears of changes only, not of what stands there. */
export type StartHost = (machines: readonly VirtualMachine[], onEvent: (event: MachineEvent) => void) => Promise<Host>
