// The engine's SDK leaves promises of a program rejected and unheard when its engine ends early, on an abort or a crash.
// Node ends a process over that; ours is a controller with other moves at work.
// https://github.com/pulumi/pulumi/issues/10744

/** gRPC: CANCELLED and UNAVAILABLE, the only states in which the SDK gives up so. */
const endedCodes = [1, 14]

/** Whether this is what a call to an engine that has ended rejects with; nothing is lost with it, the operation itself has failed too. */
export function isStrayRejection(reason: unknown): boolean {
  if (!(reason instanceof Error) || !('code' in reason)) return false
  return endedCodes.includes(Number(reason.code)) && /Resource monitor is terminating/.test(reason.message)
}

let installed = false

/** From the first operation on. Every other unheard rejection ends the process as before, unless somebody else listens. */
export function tolerateStrayRejections(): void {
  if (installed) return
  installed = true
  process.on('unhandledRejection', (reason) => {
    if (!isStrayRejection(reason) && process.listenerCount('unhandledRejection') === 1) throw reason
  })
}
