// Command pulumi-resource-vsphere is the vsphere plugin of the lab: the provider code of Terraform behind Pulumi's bridge, with
// what the stacks use. It is built for the same reason as the aws one beside it.
package main

import (
	"github.com/hashicorp/terraform-plugin-sdk/helper/schema"
	"github.com/hashicorp/terraform-provider-vsphere/vsphere"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	sdkv1 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v1"
)

const name = "vsphere"

// Set by the build to the version of the SDK: the engine looks for exactly that one.
var version = "0.0.0"

func res(resource string) *tfbridge.ResourceInfo {
	return &tfbridge.ResourceInfo{Tok: tfbridge.MakeResource(name, "index", resource)}
}

func fun(function string) *tfbridge.DataSourceInfo {
	return &tfbridge.DataSourceInfo{Tok: tfbridge.MakeDataSource(name, "index", function)}
}

// provider is Terraform's, but for one thing that the simulated vCenter never reports back: where the swap file lies.
func provider() *schema.Provider {
	made := vsphere.Provider().(*schema.Provider)
	swap := made.ResourcesMap["vsphere_virtual_machine"].Schema["swap_placement_policy"]
	swap.DiffSuppressFunc = func(_, old, new string, _ *schema.ResourceData) bool { return old == "" && new == "inherit" }
	return made
}

func main() {
	info := tfbridge.ProviderInfo{
		P:       sdkv1.NewProvider(provider()),
		Name:    name,
		Version: version,
		Resources: map[string]*tfbridge.ResourceInfo{
			"vsphere_virtual_machine": res("VirtualMachine"),
			"vsphere_virtual_disk":    res("VirtualDisk"),
			"vsphere_folder":          res("Folder"),
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"vsphere_datacenter":      fun("getDatacenter"),
			"vsphere_datastore":       fun("getDatastore"),
			"vsphere_network":         fun("getNetwork"),
			"vsphere_resource_pool":   fun("getResourcePool"),
			"vsphere_virtual_machine": fun("getVirtualMachine"),
		},
	}
	// The schema is a stub: only the generation of SDKs needs the whole one.
	tfbridge.Main(name, version, info, []byte(`{"name":"`+name+`","version":"`+version+`"}`))
}
