# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# The vsphere plugin of the lab, made and kept like the aws one.

plugin_vsphere_says() { echo 'vsphere plugin of the lab, from its Go modules (about 3 minutes)'; }
plugin_vsphere_hint() { echo 'look into the log: the build needs the Go module proxy and about 2 GB of free memory'; }

# The engine asks for exactly the version of the SDK.
plugin_vsphere_version() { sed -n 's/^ *"version": *"\([^"]*\)",*$/\1/p' "$root/sdks/vsphere/package.json" | head -n 1; }
plugin_vsphere_inputs() {
	plugin_vsphere_version
	go_sources lab/plugins/vsphere
}
plugin_vsphere_place() { echo "pulumi-home/plugins/resource-vsphere-v$(plugin_vsphere_version)/pulumi-resource-vsphere"; }
plugin_vsphere_ready() { linked "$(kept plugin-vsphere)/pulumi-resource-vsphere" "$(plugin_vsphere_place)"; }
plugin_vsphere_build() {
	build_go "$root/lab/plugins/vsphere" -ldflags "-s -w -X main.version=$(plugin_vsphere_version)" -o "$1/pulumi-resource-vsphere" .
}
plugin_vsphere_link() { link "$1/pulumi-resource-vsphere" "$(plugin_vsphere_place)"; }
