package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const userDataKey = "guestinfo.userdata"

// leaseAddresses gives each machine that was made with user data an address of the range once it is on, and reports it as
// VMware Tools of its guest would: what stands in for a DHCP server and a boot. A machine keeps its address, also while it is off.
func leaseAddresses(ctx context.Context, model *simulator.Model, pool netip.Prefix) {
	next := pool.Masked().Addr().Next()
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, vm := range look(model) {
			on := vm.State == string(types.VirtualMachinePowerStatePoweredOn)
			if !on || vm.UserData == "" || vm.Address != "" || !pool.Contains(next) {
				continue
			}
			guest := definedVM{Name: vm.Name, Address: fmt.Sprintf("%s/%d", next, pool.Bits())}
			if guest.fillIn() == nil && guest.reportGuest(model, vm.ref) == nil {
				next = next.Next()
			}
		}
	}
}

// userDataOf is what a machine was told to be at its first boot, as it stands in its configuration.
func userDataOf(vm *simulator.VirtualMachine) string {
	for _, option := range vm.Config.ExtraConfig {
		if value := option.GetOptionValue(); value.Key == userDataKey {
			text, _ := value.Value.(string)
			return text
		}
	}
	return ""
}

// diskOf reads a disk; nil: the device is none, or no file.
func diskOf(ctx *simulator.Context, device types.BaseVirtualDevice) *seenDisk {
	disk, ok := device.(*types.VirtualDisk)
	if !ok || disk.UnitNumber == nil {
		return nil
	}
	backing, ok := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo)
	if !ok {
		return nil
	}
	file, size := backing.GetVirtualDeviceFileBackingInfo().FileName, disk.CapacityInKB
	if size == 0 {
		// One that was attached, not made with the machine.
		size = capacityKiB(ctx, file)
	}
	return &seenDisk{*disk.UnitNumber, file, size / 1024}
}
