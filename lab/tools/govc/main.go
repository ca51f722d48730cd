// Command govc is govmomi's own command line, with the one command that the benchmark of the inventory runs beside ours.
// (The full one stands in a module of its own that has no versions to pin.)
package main

import (
	"os"

	"github.com/vmware/govmomi/cli"

	// Adds object.collect.
	_ "github.com/vmware/govmomi/cli/object"
)

func main() {
	os.Exit(cli.Run(os.Args[1:]))
}
