package main

import (
	"path"
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// describingBrowser tells the size of a disk that is looked for by its name. The simulator's own finds the file and says
// nothing about it, so that the provider sees a disk of no size and wants to replace it.
type describingBrowser struct {
	simulator.HostDatastoreBrowser
}

func (b *describingBrowser) SearchDatastoreTask(ctx *simulator.Context, r *types.SearchDatastore_Task) soap.HasFault {
	if !isForDisk(r.SearchSpec) {
		return b.HostDatastoreBrowser.SearchDatastoreTask(ctx, r)
	}
	task := simulator.CreateTask(b, "searchDatastore", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		found := types.HostDatastoreBrowserSearchResults{FolderPath: r.DatastorePath}
		name := r.SearchSpec.MatchPattern[0]
		// A folder that is not there and one without the disk are the same to who asks.
		if size := capacityKiB(ctx, r.DatastorePath+"/"+name); size > 0 {
			found.File = append(found.File, &types.VmDiskFileInfo{FileInfo: types.FileInfo{Path: name}, CapacityKb: size})
		}
		return found, nil
	})
	return &methods.SearchDatastore_TaskBody{Res: &types.SearchDatastore_TaskResponse{Returnval: task.Run(ctx)}}
}

func isForDisk(spec *types.HostDatastoreBrowserSearchSpec) bool {
	if spec == nil || len(spec.MatchPattern) != 1 || path.Ext(spec.MatchPattern[0]) != ".vmdk" || strings.ContainsAny(spec.MatchPattern[0], "*?[") {
		return false
	}
	return slices.ContainsFunc(spec.Query, func(query types.BaseFileQuery) bool {
		_, is := query.(*types.VmDiskFileQuery)
		return is
	})
}

// capacityKiB is the size of the disk in this file, as its descriptor says; 0: there is none. Of the first datacenter.
func capacityKiB(ctx *simulator.Context, file string) int64 {
	datacenter := ctx.Map.Any("Datacenter")
	if datacenter == nil {
		return 0
	}
	ref := datacenter.Reference()
	descriptor, _, fault := ctx.Map.FileManager().DiskDescriptor(ctx, &ref, file)
	if fault != nil {
		return 0
	}
	return descriptor.Capacity() / 1024
}

func describeDisks(model *simulator.Model) {
	for _, ref := range model.Map().AllReference("HostDatastoreBrowser") {
		if browser, ok := ref.(*simulator.HostDatastoreBrowser); ok {
			model.Map().Put(&describingBrowser{*browser})
		}
	}
}
