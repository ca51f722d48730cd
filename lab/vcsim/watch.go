package main

import (
	"context"
	"encoding/json"
	"os"
	"sort"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// What the watch prints, one JSON object a line:
//
//	{"event":"vm","vm":"web-1","id":"vm-42","state":"poweredOn","nics":[{"key":4000,"mac":"00:50:56:…","connected":true}],"disks":[…],"address":"…"}   once for each that is there or appears
//	{"event":"power","vm":"web-1","id":"vm-42","state":"poweredOff"}
//	{"event":"nic","vm":"web-1","id":"vm-42","key":4000,"mac":"00:50:56:…","connected":false}
//	{"event":"gone","vm":"web-1","id":"vm-42"}
//
// A powered-off machine has its NICs disconnected, as in vCenter, so "nic" lines follow a "power" line.

type seenNIC struct {
	Key       int32  `json:"key"`
	MAC       string `json:"mac"`
	Connected bool   `json:"connected"`
}

type seenDisk struct {
	Unit    int32  `json:"unit"`
	File    string `json:"file"`
	SizeMiB int64  `json:"sizeMiB"`
}

type seenVM struct {
	Name     string     `json:"vm"`
	ID       string     `json:"id"`
	State    string     `json:"state"`
	NICs     []seenNIC  `json:"nics"`
	Disks    []seenDisk `json:"disks"`
	Address  string     `json:"address"`
	UserData string     `json:"userData,omitempty"` // base64, as it was given
	ref      types.ManagedObjectReference
}

type vmEvent struct {
	Event string `json:"event"`
	seenVM
}

type powerEvent struct {
	Event string `json:"event"`
	Name  string `json:"vm"`
	ID    string `json:"id"`
	State string `json:"state,omitempty"`
}

type nicEvent struct {
	Event string `json:"event"`
	Name  string `json:"vm"`
	ID    string `json:"id"`
	seenNIC
}

const watchInterval = 100 * time.Millisecond

// watch prints what is there at once, and then each change, until ctx ends.
func watch(ctx context.Context, model *simulator.Model) {
	out := json.NewEncoder(os.Stdout)
	before := map[string]seenVM{}
	step := func() {
		now := map[string]seenVM{}
		for _, vm := range look(model) {
			now[vm.ID] = vm
			old, known := before[vm.ID]
			if !known {
				out.Encode(vmEvent{"vm", vm})
				continue
			}
			printChanges(out, old, vm)
		}
		for id, vm := range before {
			if _, there := now[id]; !there {
				out.Encode(powerEvent{Event: "gone", Name: vm.Name, ID: id})
			}
		}
		before = now
	}
	step()
	go func() {
		tick := time.NewTicker(watchInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				step()
			}
		}
	}()
}

func printChanges(out *json.Encoder, old, vm seenVM) {
	if old.State != vm.State {
		out.Encode(powerEvent{"power", vm.Name, vm.ID, vm.State})
	}
	was := map[int32]seenNIC{}
	for _, nic := range old.NICs {
		was[nic.Key] = nic
	}
	for _, nic := range vm.NICs {
		if was[nic.Key] != nic {
			out.Encode(nicEvent{"nic", vm.Name, vm.ID, nic})
		}
	}
}

// look reads every virtual machine from the registry, in the order of their ids.
func look(model *simulator.Model) []seenVM {
	// A lock is held on behalf of a context, and the same one may take it twice: so this reader needs its own.
	reader := *model.Service.Context
	all := []seenVM{}
	for _, entity := range model.Map().All("VirtualMachine") {
		vm, ok := entity.(*simulator.VirtualMachine)
		if !ok {
			continue
		}
		model.Map().WithLock(&reader, vm.Self, func() {
			seen := seenVM{Name: vm.Name, ID: vm.Self.Value, State: string(vm.Runtime.PowerState), NICs: []seenNIC{}, Disks: []seenDisk{}, ref: vm.Self}
			if vm.Guest != nil {
				seen.Address = vm.Guest.IpAddress
			}
			if vm.Config != nil {
				seen.UserData = userDataOf(vm)
				for _, device := range vm.Config.Hardware.Device {
					if disk := diskOf(&reader, device); disk != nil {
						seen.Disks = append(seen.Disks, *disk)
					}
					if card, ok := device.(types.BaseVirtualEthernetCard); ok {
						nic := card.GetVirtualEthernetCard()
						seen.NICs = append(seen.NICs, seenNIC{nic.Key, nic.MacAddress, nic.Connectable != nil && nic.Connectable.Connected})
					}
				}
			}
			all = append(all, seen)
		})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}
