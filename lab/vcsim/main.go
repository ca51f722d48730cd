// Command vcsim is the vCenter of the lab: govmomi's simulator with real vCenter's page cap, faults on demand, virtual
// machines defined by a file, and a line on stdout for each change that a hypervisor would carry out.
//
// The first line on stdout is the URL of the API. Every further one is a JSON object (see watch.go).
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"

	// Each of these adds its endpoint to the server: log-in services, storage policies, and REST with tags.
	_ "github.com/vmware/govmomi/lookup/simulator"
	_ "github.com/vmware/govmomi/pbm/simulator"
	_ "github.com/vmware/govmomi/sts/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
)

type options struct {
	listen, cert, key, user, password, load, shop, control string
	tls, writable, events, esx                             bool
	pageCap, dc, host, cluster, clusterHost, vm, copies    int
	delay                                                  int
	sessionTimeout                                         time.Duration
	lease                                                  string
}

func parseFlags() options {
	var o options
	flag.StringVar(&o.listen, "l", "127.0.0.1:0", "address and port of the API")
	flag.BoolVar(&o.tls, "tls", true, "serve https (with a built-in certificate unless -tlscert and -tlskey are given)")
	flag.StringVar(&o.cert, "tlscert", "", "file of the certificate, PEM")
	flag.StringVar(&o.key, "tlskey", "", "file of its key, PEM")
	flag.StringVar(&o.user, "username", "", "the one user who may log in; none: every name and password but empty ones")
	flag.StringVar(&o.password, "password", "", "that user's password")
	flag.IntVar(&o.pageCap, "page-cap", 0, "most objects in one answer, whatever the client asks for; vCenter has 100; 0: no cap")
	flag.StringVar(&o.load, "load", "", "folder with a saved inventory (ObjectContent files) instead of a model")
	flag.StringVar(&o.shop, "shop", "", "JSON file with virtual machines to define (see shop.go)")
	flag.StringVar(&o.control, "control", "", "address:port, or path of a unix socket, for faults on demand (see control.go)")
	flag.BoolVar(&o.writable, "writable", false, "answer what the Terraform provider asks before it writes; adds objects to the inventory")
	flag.BoolVar(&o.events, "events", false, "print changes on stdout without -shop, too")
	flag.BoolVar(&o.esx, "esx", false, "model: a single ESXi host instead of a vCenter; -vm counts, -shop needs folders that it has not")
	flag.IntVar(&o.dc, "dc", 1, "model: datacenters")
	flag.IntVar(&o.host, "standalone-host", 1, "model: hosts outside a cluster, for each datacenter")
	flag.IntVar(&o.cluster, "cluster", 1, "model: clusters for each datacenter")
	flag.IntVar(&o.clusterHost, "host", 3, "model: hosts for each cluster")
	flag.IntVar(&o.vm, "vm", 2, "model: virtual machines for each resource pool")
	flag.IntVar(&o.copies, "copies", 0, "so many more virtual machines, copies in turn of those of the model or of -shop")
	flag.IntVar(&o.delay, "delay", 0, "milliseconds before each answer")
	flag.StringVar(&o.lease, "lease", "", "range of addresses for machines that are made with user data, such as 203.0.113.32/27 (see guests.go)")
	flag.DurationVar(&o.sessionTimeout, "session-timeout", 0, "a login that was idle for so long has ended; 0: never")
	flag.Parse()
	for _, path := range []*string{&o.cert, &o.key, &o.load, &o.shop, &o.control} {
		isAddress := path == &o.control && !isSocketPath(*path)
		if *path != "" && !isAddress {
			*path, _ = filepath.Abs(*path) // the working directory changes below
		}
	}
	return o
}

func main() {
	if err := run(parseFlags()); err != nil {
		fmt.Fprintln(os.Stderr, "vcsim:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	// A loaded inventory makes its datastore folders in the working directory and fails where they exist.
	dir, err := os.MkdirTemp("", "vcsim-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// The simulator's own temporary files follow, so that one removal clears everything.
	os.Setenv("TMPDIR", dir)
	if err := os.Chdir(dir); err != nil {
		return err
	}

	model, err := newModel(o)
	if err != nil {
		return err
	}
	defer model.Remove()
	if o.shop != "" {
		if err := defineShop(ctx, model, o.shop); err != nil {
			return fmt.Errorf("%s: %w", o.shop, err)
		}
	}
	if o.copies > 0 {
		if err := addCopies(model, o.copies); err != nil {
			return err
		}
	}
	server := model.Service.NewServer()
	defer server.Close()
	statuses := &statusFaults{next: server.Config.Handler}
	server.Config.Handler = statuses

	if o.control != "" {
		closeControl, err := serveControl(o.control, model, statuses)
		if err != nil {
			return err
		}
		defer closeControl()
	}
	// Without the log-in, which the caller knows and which need not stand in a log. (A copy: the server checks against its own.)
	fmt.Println((&url.URL{Scheme: server.URL.Scheme, Host: server.URL.Host, Path: server.URL.Path}).String())
	if o.lease != "" {
		pool, err := netip.ParsePrefix(o.lease)
		if err != nil {
			return fmt.Errorf("-lease: %w", err)
		}
		go leaseAddresses(ctx, model, pool)
	}
	// Of thousands of copies nobody wants to hear one by one.
	if o.events || (o.shop != "" && o.copies == 0) {
		watch(ctx, model)
	}
	<-ctx.Done()
	// A client may hold a connection or a long poll open for ever.
	server.CloseClientConnections()
	return nil
}

func newModel(o options) (*simulator.Model, error) {
	model := simulator.VPX()
	if o.esx {
		model = simulator.ESX()
	} else {
		model.Datacenter, model.Host, model.Cluster, model.ClusterHost = o.dc, o.host, o.cluster, o.clusterHost
	}
	model.Machine = o.vm
	model.DelayConfig.Delay = o.delay
	create := model.Create
	if o.load != "" {
		create = func() error { return model.Load(o.load) }
	}
	if err := create(); err != nil {
		return nil, err
	}
	if o.load != "" && o.delay > 0 {
		return nil, fmt.Errorf("-delay works with a model only, not with -load")
	}
	if o.pageCap > 0 {
		capPages(model, o.pageCap)
	}
	if o.writable {
		makeWritable(model)
	}
	if o.sessionTimeout > 0 {
		model.Map().OptionManager().UpdateOptions(&types.UpdateOptions{ChangedValue: []types.BaseOptionValue{
			&types.OptionValue{Key: "config.vmacore.soap.sessionTimeout", Value: o.sessionTimeout.String()},
		}})
	}
	service := model.Service
	service.RegisterEndpoints = true
	service.Listen = &url.URL{Host: o.listen}
	if o.user != "" {
		service.Listen.User = url.UserPassword(o.user, o.password)
	}
	if o.tls {
		service.TLS = new(tls.Config)
		if o.cert != "" {
			pair, err := tls.LoadX509KeyPair(o.cert, o.key)
			if err != nil {
				return nil, err
			}
			service.TLS.Certificates = []tls.Certificate{pair}
		}
	}
	return model, nil
}

var _ http.Handler = (*statusFaults)(nil)
