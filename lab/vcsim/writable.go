package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/types"
)

// makeWritable answers three questions that the Terraform provider asks before it writes and that the simulator does not
// know: every cluster also under the type name ComputeResource, and the hardware versions that a cluster offers (without
// them an update tries to raise the version and fails), and how large a disk on a datastore is. The first one shows as one more ComputeResource in views, so
// inventory tests leave this off.
func makeWritable(model *simulator.Model) {
	describeDisks(model)
	for _, entity := range model.Map().All("ClusterComputeResource") {
		cluster, ok := entity.(*simulator.ClusterComputeResource)
		if !ok {
			continue
		}
		alias := cluster.ComputeResource
		alias.Self = types.ManagedObjectReference{Type: "ComputeResource", Value: cluster.Self.Value}
		model.Map().Put(&alias)
	}
	for _, ref := range model.Map().AllReference("EnvironmentBrowser") {
		browser, ok := ref.(*simulator.EnvironmentBrowser)
		if !ok {
			continue
		}
		browser.QueryConfigOptionResponse = types.QueryConfigOptionResponse{Returnval: &types.VirtualMachineConfigOption{
			Version:       esx.HardwareVersion,
			DefaultDevice: esx.VirtualDevice,
			HardwareOptions: types.VirtualHardwareOption{
				HwVersion: int32(types.MustParseHardwareVersion(esx.HardwareVersion)),
			},
		}}
	}
}
