// The programs of several stacks as one, beside their merged state: what they register goes to the engine under the
// names that it has there (merged-state.ts).
import { AsyncLocalStorage } from 'node:async_hooks'
import type { RegisterResourceRequest, RegisterResourceResponse, ResourceInvokeRequest, ResourceInvokeResponse } from '@pulumi/pulumi/proto/resource_pb.js'
import { getMonitor } from '@pulumi/pulumi/runtime/settings.js'
import type { Outputs } from '../providers/provider.ts'
import { mergedName } from './merged-state.ts'

type Program = { readonly stack: string; readonly program: () => Promise<Outputs> }
type Answer<Response> = (error: Error | null, response?: Response) => void
type Call<Request, Response> = (request: Request, answer: Answer<Response>) => unknown
type Monitor = {
  readonly registerResource: Call<RegisterResourceRequest, RegisterResourceResponse>
  readonly invoke: Call<ResourceInvokeRequest, ResourceInvokeResponse>
}

/** `providers`: which one stands for each (Merged). Fails where one that stands for several is declared in two ways. */
export function mergedProgram(programs: readonly Program[], providers: ReadonlyMap<string, string>): () => Promise<Outputs> {
  return async () => {
    const monitor = getMonitor() as unknown as Monitor | undefined
    if (monitor === undefined) throw new Error('the engine is not there')
    const running = new AsyncLocalStorage<string>()
    Object.assign(monitor, renamed(monitor, running, providers))
    await Promise.all(programs.map(async ({ stack, program }) => await running.run(stack, program)))
    return {}
  }
}

/** The engine's door while the programs run: each of them is told apart by its asynchronous context. */
function renamed(monitor: Monitor, running: AsyncLocalStorage<string>, providers: ReadonlyMap<string, string>): Monitor {
  const register = once(monitor.registerResource.bind(monitor))
  const invoke = once(monitor.invoke.bind(monitor))
  const declared = new Map<string, string>()
  return {
    registerResource: (request, answer) => {
      const stack = running.getStore()
      if (stack === undefined) return register(null, request, answer)
      const name = mergedName(stack, request.getName())
      request.setName(providers.get(name) ?? name)
      if (!request.getType().startsWith('pulumi:providers:')) return register(null, request, answer)
      const inputs = JSON.stringify(request.getObject()?.toJavaScript())
      if ((declared.get(request.getName()) ?? inputs) !== inputs) throw new Error(`provider ${request.getName()} is declared in two ways`)
      declared.set(request.getName(), inputs)
      return register(request.getName(), request, answer)
    },
    // Programs of one kind ask the same: which image has this name.
    invoke: (request, answer) => invoke(JSON.stringify(request.toObject()), request, answer),
  }
}

/** Calls with the same key are made once; null: each. */
function once<Request, Response>(call: Call<Request, Response>): (key: string | null, request: Request, answer: Answer<Response>) => void {
  const made = new Map<string, Promise<[Error | null, Response?]>>()
  return (key, request, answer) => {
    if (key === null) return void call(request, answer)
    const known =
      made.get(key) ?? new Promise((settle) => void call(request, (error, response) => settle(response === undefined ? [error] : [error, response])))
    made.set(key, known)
    void known.then((said) => answer(...said))
  }
}
