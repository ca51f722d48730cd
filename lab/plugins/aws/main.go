// Command pulumi-resource-aws is the aws plugin of the lab: the provider code of Terraform behind Pulumi's bridge, with the
// resources that the stacks use. It is built because a closed machine does not reach the official plugin; nothing of ours
// stands between the engine and the API but the table below.
package main

import (
	"context"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/terraform-providers/terraform-provider-aws/aws"
)

const name = "aws"

// Set by the build to the version of the npm package: the engine looks for exactly that one.
var version = "0.0.0"

func res(module, resource string) *tfbridge.ResourceInfo {
	return &tfbridge.ResourceInfo{Tok: tfbridge.MakeResource(name, module, resource)}
}

func fun(module, function string) *tfbridge.DataSourceInfo {
	return &tfbridge.DataSourceInfo{Tok: tfbridge.MakeDataSource(name, module, function)}
}

// vpcDomain translates the domain of an address: today's SDK says `domain: "vpc"`, this provider wants `vpc: true`.
func vpcDomain(_ context.Context, inputs, _ resource.PropertyMap) (resource.PropertyMap, error) {
	if domain, given := inputs["domain"]; given && domain.IsString() && domain.StringValue() == "vpc" {
		inputs = inputs.Copy()
		delete(inputs, "domain")
		inputs["vpc"] = resource.NewBoolProperty(true)
	}
	return inputs, nil
}

func main() {
	eip := res("ec2", "Eip")
	eip.PreCheckCallback = vpcDomain
	info := tfbridge.ProviderInfo{
		P:       sdkv2.NewProvider(aws.Provider()),
		Name:    name,
		Version: version,
		Resources: map[string]*tfbridge.ResourceInfo{
			"aws_vpc":                     res("ec2", "Vpc"),
			"aws_subnet":                  res("ec2", "Subnet"),
			"aws_internet_gateway":        res("ec2", "InternetGateway"),
			"aws_route_table":             res("ec2", "RouteTable"),
			"aws_route_table_association": res("ec2", "RouteTableAssociation"),
			"aws_route":                   res("ec2", "Route"),
			"aws_security_group":          res("ec2", "SecurityGroup"),
			"aws_security_group_rule":     res("ec2", "SecurityGroupRule"),
			"aws_key_pair":                res("ec2", "KeyPair"),
			"aws_instance":                res("ec2", "Instance"),
			"aws_eip":                     eip,
			"aws_eip_association":         res("ec2", "EipAssociation"),
			"aws_volume_attachment":       res("ec2", "VolumeAttachment"),
			"aws_ebs_volume":              res("ebs", "Volume"),
			"aws_route53_zone":            res("route53", "Zone"),
			"aws_route53_record":          res("route53", "Record"),
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"aws_ami":                fun("ec2", "getAmi"),
			"aws_subnet":             fun("ec2", "getSubnet"),
			"aws_vpc":                fun("ec2", "getVpc"),
			"aws_route53_zone":       fun("route53", "getZone"),
			"aws_availability_zones": fun("index", "getAvailabilityZones"),
			"aws_caller_identity":    fun("index", "getCallerIdentity"),
			"aws_region":             fun("index", "getRegion"),
		},
	}
	// The schema is a stub: only the generation of SDKs needs the whole one.
	tfbridge.Main(name, version, info, []byte(`{"name":"`+name+`","version":"`+version+`"}`))
}
