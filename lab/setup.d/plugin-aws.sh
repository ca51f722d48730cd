# shellcheck shell=bash disable=SC2154 # the frame sets root, lab, cache, arch, keys
# The aws plugin of the lab: the Terraform provider behind Pulumi's bridge. It goes into the lab's own PULUMI_HOME, never on PATH:
# a user's own cloud is reached with the official plugin, which Pulumi fetches by itself.

plugin_aws_says() { echo 'aws plugin of the lab, from its Go modules (about 5 minutes)'; }
plugin_aws_hint() { echo 'look into the log: the build needs the Go module proxy and about 4 GB of free memory'; }

# The engine asks for exactly the version of the SDK.
plugin_aws_version() { sed -n 's/^ *"version": *"\(.*\)",*$/\1/p' "$root/node_modules/@pulumi/aws/package.json" | head -n 1; }
plugin_aws_inputs() {
	plugin_aws_version
	go_sources lab/plugins/aws
} 2>/dev/null
plugin_aws_place() { echo "pulumi-home/plugins/resource-aws-v$(plugin_aws_version)/pulumi-resource-aws"; }
plugin_aws_ready() { linked "$(kept plugin-aws)/pulumi-resource-aws" "$(plugin_aws_place)"; } 2>/dev/null
plugin_aws_build() {
	build_go "$root/lab/plugins/aws" -ldflags "-s -w -X main.version=$(plugin_aws_version)" -o "$1/pulumi-resource-aws" .
}
plugin_aws_link() { link "$1/pulumi-resource-aws" "$(plugin_aws_place)"; }
