// What lies in a folder of a node, read by tools that are none of ours.
import type { LabNode } from '../../lab/node.ts'

/**
 * All that find, stat and sha256sum tell, and which names are one file: equal texts are equal trees. The time of the
 * folder itself changes with what a sync puts aside, and its number of links as well.
 */
export async function listingOf(node: LabNode, folder: string): Promise<string> {
  return await node.run(
    `cd ${folder} && kept='-mindepth 1 -path ./.lifeboat-deleted -prune -o'
  find . $kept \\( -type d -printf 'd %p %m %U %G %T@\\n' -o -printf '%y %p %s %m %U %G %T@ %l\\n' \\) | sort
  find . $kept -type f -print0 | sort -z | xargs -0 sha256sum
  find . $kept \\( -type c -o -type b \\) -exec stat -c '%n %t:%T' {} + | sort
  find . $kept -type f -links +1 -printf '%p\\t%i\\n' | LC_ALL=C sort | awk -F'\\t' '!($2 in first) { first[$2] = $1 } first[$2] != $1 { print $1 " is " first[$2] }'`,
    { deadlineMs: 60_000 },
  )
}
