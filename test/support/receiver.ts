// A change that a recorder takes for that of a copy which was let in, and so for no news: what a copy that goes wrong does.
import type { ShopNode } from '../../lab/shop/nodes.ts'

/** A command for a node that runs Perl so. It lives until the recorder has looked at it. */
export function asReceiver(move: ShopNode, perl: string): string {
  const mark = `/run/lifeboat-${move}/receivers/$$`
  return `setsid --wait perl -e '${`open my $mark, ">", "${mark}" or die; ${perl}; sleep 1; unlink "${mark}"`}'`
}
