package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
)

// Faults on demand, over HTTP on an address of their own:
//
//	POST /fault        {"method":"ContinueRetrievePropertiesEx","type":"NotAuthenticated","count":1,"skip":0,"object":"*","delayMs":0}
//	POST /status       {"code":503,"count":3,"retryAfter":"2"}   the next 3 requests to /sdk get this status instead of an answer
//	POST /faults/clear
//	POST /power        {"vm":"web-1","state":"off"}              as the host or an administrator would do it
//	GET  /vms          what stands there now, in the shape of the events
//
// Absent count: 1 for /status, without end for /fault.
var faultTypes = map[string]simulator.FaultType{
	"Generic":                    simulator.FaultTypeGeneric,
	"NotAuthenticated":           simulator.FaultTypeNotAuthenticated,
	"NoPermission":               simulator.FaultTypeNoPermission,
	"InvalidArgument":            simulator.FaultTypeInvalidArgument,
	"MethodNotFound":             simulator.FaultTypeMethodNotFound,
	"ManagedObjectNotFound":      simulator.FaultTypeManagedObjectNotFound,
	"InvalidState":               simulator.FaultTypeInvalidState,
	"ResourceInUse":              simulator.FaultTypeResourceInUse,
	"InsufficientResourcesFault": simulator.FaultTypeInsufficientResourcesFault,
	"NetworkFailure":             simulator.FaultTypeNetworkFailure,
	"Timeout":                    simulator.FaultTypeTimeout,
}

type faultRequest struct {
	Method  string `json:"method"`
	Type    string `json:"type"`
	Object  string `json:"object"`
	Message string `json:"message"`
	Count   int    `json:"count"`
	Skip    int    `json:"skip"`
	DelayMs int    `json:"delayMs"`
}

type statusRequest struct {
	Code       int    `json:"code"`
	Count      int    `json:"count"`
	RetryAfter string `json:"retryAfter"`
}

type powerRequest struct {
	VM    string `json:"vm"`
	State string `json:"state"`
}

// statusFaults stands in front of the API and answers with a bare status while some are ordered.
type statusFaults struct {
	next  http.Handler
	mu    sync.Mutex
	order statusRequest
}

func (s *statusFaults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	order := s.order
	hit := order.Count > 0 && strings.HasPrefix(r.URL.Path, "/sdk")
	if hit {
		s.order.Count--
	}
	s.mu.Unlock()
	if !hit {
		s.next.ServeHTTP(w, r)
		return
	}
	if order.RetryAfter != "" {
		w.Header().Set("Retry-After", order.RetryAfter)
	}
	http.Error(w, http.StatusText(order.Code), order.Code)
}

func (s *statusFaults) set(order statusRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = order
}

// An address has a port; what has none, or contains a slash, is the path of a unix socket.
func isSocketPath(address string) bool {
	return strings.Contains(address, "/") || !strings.Contains(address, ":")
}

// serveControl listens on an address or a unix socket, and returns how to end it.
func serveControl(address string, model *simulator.Model, statuses *statusFaults) (func(), error) {
	network := "tcp"
	if isSocketPath(address) {
		network = "unix"
		// The socket of one that was killed: nobody answers there.
		if conn, err := net.Dial(network, address); err == nil {
			conn.Close()
		} else {
			os.Remove(address)
		}
	}
	listener, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: controlRoutes(model, statuses)}
	go server.Serve(listener)
	return func() {
		server.Close()
		if network == "unix" {
			os.Remove(address)
		}
	}, nil
}

func controlRoutes(model *simulator.Model, statuses *statusFaults) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /fault", accept(func(f faultRequest) error {
		kind, known := faultTypes[f.Type]
		if !known || f.Method == "" {
			return fmt.Errorf("unknown fault type %q, or no method", f.Type)
		}
		if f.Object == "" {
			f.Object = "*"
		}
		model.Service.AddFaultRule(&simulator.FaultInjectionRule{
			MethodName: f.Method, ObjectType: "*", ObjectName: f.Object, FaultType: kind, Message: f.Message,
			Probability: 1, MaxCount: f.Count, SkipCount: f.Skip, Delay: f.DelayMs, Enabled: true,
		})
		return nil
	}))
	mux.HandleFunc("POST /status", accept(func(s statusRequest) error {
		if s.Code < 200 || s.Code > 599 {
			return fmt.Errorf("%d is no status that an answer can have", s.Code)
		}
		s.Count = max(s.Count, 1)
		statuses.set(s)
		return nil
	}))
	mux.HandleFunc("POST /faults/clear", func(w http.ResponseWriter, _ *http.Request) {
		statuses.set(statusRequest{})
		model.Service.ClearFaultRules()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /power", accept(func(p powerRequest) error { return setPower(model, p) }))
	mux.HandleFunc("GET /vms", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(look(model))
	})
	return mux
}

// accept reads a JSON body of type T, strictly: a misspelt key must not silently order nothing.
func accept[T any](do func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body T
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&body)
		if err == nil {
			err = do(body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func setPower(model *simulator.Model, p powerRequest) error {
	ctx := context.Background()
	client, err := vim25.NewClient(ctx, model.Service)
	if err != nil {
		return err
	}
	for _, seen := range look(model) {
		if seen.Name != p.VM && seen.ID != p.VM {
			continue
		}
		vm := object.NewVirtualMachine(client, seen.ref)
		var task *object.Task
		switch p.State {
		case "on":
			task, err = vm.PowerOn(ctx)
		case "off":
			task, err = vm.PowerOff(ctx)
		default:
			err = fmt.Errorf("power is on or off, not %q", p.State)
		}
		if err != nil {
			return err
		}
		return task.Wait(ctx)
	}
	return fmt.Errorf("no virtual machine %q", p.VM)
}
