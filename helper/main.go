// lifeboat-helper runs on the nodes of a move: it holds clients, freezes, seals, promotes, forwards and records, and keeps
// its promises alone when nobody talks to it any more. docs/helper-protocol.md is its contract.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"lifeboat/helper/internal/client"
	"lifeboat/helper/internal/daemon"
	"lifeboat/helper/internal/install"
	"lifeboat/helper/internal/paths"
)

// version changes with every release; install starts a daemon of another version anew.
var version = "0.1.0"

func main() {
	if err := run(os.Args[1:]); err != nil {
		if ended := client.Ended(0); errors.As(err, &ended) {
			os.Exit(int(ended))
		}
		fmt.Fprintln(os.Stderr, "lifeboat-helper: "+err.Error())
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("which of install, channel, peer, dial, relay, daemon, deadman, version?")
	}
	verb := args[0]
	if verb == "version" {
		fmt.Println(version)
		return nil
	}
	flags := flag.NewFlagSet(verb, flag.ContinueOnError)
	move := flags.String("move", "", "name of the move")
	port := flags.Int("port", 0, "dial: a port of the move")
	rehearsed := flags.Bool("rehearsal", false, "dial: of the services that are rehearsed here, not of the other side")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	p, err := paths.For(*move)
	if err != nil {
		return err
	}
	switch verb {
	case "install":
		told, err := install.Install(context.Background(), p, version)
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(told)
	case "channel":
		return client.Channel(p, os.Stdin, os.Stdout)
	case "peer":
		return client.Peer(p, os.Getenv("SSH_ORIGINAL_COMMAND"), os.Stdin, os.Stdout)
	case "dial":
		if *rehearsed {
			return client.DialRehearsed(p, *port, os.Stdin, os.Stdout)
		}
		return client.DialPeer(p, *port, os.Stdin, os.Stdout)
	case "relay":
		return client.Relay(p, os.Stdin, os.Stdout)
	case "daemon":
		return daemon.Run(p, version, install.Build())
	case "deadman":
		return daemon.StandIn(p, version)
	}
	return fmt.Errorf("there is no verb %q", verb)
}
