package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// The simulator makes a fresh, zero collector for each login, so the cap cannot be a field of it.
var pageCap int32

// cappedCollector answers at most pageCap objects at once, as vCenter's server policy does. The rest follows by
// ContinueRetrievePropertiesEx, which the embedded collector serves.
type cappedCollector struct {
	simulator.PropertyCollector
}

func (c *cappedCollector) RetrievePropertiesEx(ctx *simulator.Context, r *types.RetrievePropertiesEx) soap.HasFault {
	if r.Options.MaxObjects <= 0 || r.Options.MaxObjects > pageCap {
		r.Options.MaxObjects = pageCap
	}
	return c.PropertyCollector.RetrievePropertiesEx(ctx, r)
}

func capPages(model *simulator.Model, limit int) {
	pageCap = int32(limit)
	collector := new(cappedCollector)
	collector.Self = model.ServiceContent.PropertyCollector
	model.Map().Put(collector)
}
