package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// addCopies puts so many more virtual machines beside those that are there, as copies of them in turn. Creating one costs
// the simulator 40 ms and a log file; a copy costs nothing, since it shares all but its name and ids with the first one.
func addCopies(model *simulator.Model, count int) error {
	registry := model.Map()
	var originals []*simulator.VirtualMachine
	for _, entity := range registry.All("VirtualMachine") {
		if vm, ok := entity.(*simulator.VirtualMachine); ok && vm.Parent != nil {
			originals = append(originals, vm)
		}
	}
	slices.SortFunc(originals, func(a, b *simulator.VirtualMachine) int { return strings.Compare(a.Name, b.Name) })
	if len(originals) == 0 {
		return fmt.Errorf("-copies needs a virtual machine to copy")
	}
	for i := range count {
		original := originals[i%len(originals)]
		folder, ok := registry.Get(*original.Parent).(*simulator.Folder)
		if !ok {
			return fmt.Errorf("%s stands in no folder", original.Name)
		}
		vm, config := *original, *original.Config
		vm.Self = types.ManagedObjectReference{Type: "VirtualMachine", Value: fmt.Sprintf("vm-copy-%d", i+1)}
		vm.Name = fmt.Sprintf("%s-%d", original.Name, i+1)
		config.Name = vm.Name
		config.Uuid, config.InstanceUuid = uuid.NewString(), uuid.NewString()
		vm.Config = &config
		registry.Put(&vm)
		folder.ChildEntity = append(folder.ChildEntity, vm.Self)
	}
	return nil
}
