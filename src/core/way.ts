/** The port of a side's loopback that leads to `port` on the loopback of the other one, over the helpers' peer channel. */
export function wayTo(port: number): number {
  return 20_000 + (port % 10_000)
}
