package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path"
	"strings"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// definedVM is one virtual machine of a -shop file, which holds a JSON list of them. Only the name must be given.
type definedVM struct {
	Name          string  `json:"name"`
	Folder        string  `json:"folder"` // below the datacenter's vm folder, "a/b"; made when it is not there
	CPUs          int32   `json:"cpus"`
	MemoryMiB     int64   `json:"memoryMiB"`
	DisksMiB      []int64 `json:"disksMiB"`
	Address       string  `json:"address"` // of its one NIC, with or without /prefix
	MAC           string  `json:"mac"`
	Network       string  `json:"network"`
	GuestID       string  `json:"guestId"`
	GuestFullName string  `json:"guestFullName"`
	Hostname      string  `json:"hostname"`
	Firmware      string  `json:"firmware"`
	Annotation    string  `json:"annotation"`
	Power         string  `json:"power"` // on or off
	Template      bool    `json:"template"`
}

func (d *definedVM) fillIn() error {
	if d.Name == "" {
		return fmt.Errorf("a virtual machine has no name")
	}
	def := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	def(&d.Network, "VM Network")
	def(&d.GuestID, "debian12_64Guest")
	def(&d.GuestFullName, "Debian GNU/Linux 12 (64-bit)")
	def(&d.Hostname, d.Name)
	def(&d.Firmware, "efi")
	if d.Template {
		d.Power = "off"
	}
	def(&d.Power, "on")
	d.CPUs = max(d.CPUs, 1)
	if d.MemoryMiB == 0 {
		d.MemoryMiB = 1024
	}
	if len(d.DisksMiB) == 0 {
		d.DisksMiB = []int64{10240}
	}
	if d.Power != "on" && d.Power != "off" {
		return fmt.Errorf("%s: power is on or off, not %q", d.Name, d.Power)
	}
	return nil
}

// defineShop creates what the file lists in the first datacenter; a virtual machine that has the name already is replaced.
func defineShop(ctx context.Context, model *simulator.Model, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var list []definedVM
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return err
	}
	client, err := vim25.NewClient(ctx, model.Service)
	if err != nil {
		return err
	}
	finder := find.NewFinder(client)
	dcs, err := finder.DatacenterList(ctx, "*")
	if err != nil {
		return err
	}
	finder.SetDatacenter(dcs[0])
	for _, vm := range list {
		if err := vm.fillIn(); err != nil {
			return err
		}
		if err := define(ctx, model, finder, dcs[0], vm); err != nil {
			return fmt.Errorf("%s: %w", vm.Name, err)
		}
	}
	return nil
}

func define(ctx context.Context, model *simulator.Model, finder *find.Finder, dc *object.Datacenter, d definedVM) error {
	folders, err := dc.Folders(ctx)
	if err != nil {
		return err
	}
	folder, err := folderAt(ctx, finder, folders.VmFolder, d.Folder)
	if err != nil {
		return err
	}
	if old, err := finder.VirtualMachine(ctx, path.Join(folder.InventoryPath, d.Name)); err == nil {
		if err := remove(ctx, old); err != nil {
			return err
		}
	}
	pools, err := finder.ResourcePoolList(ctx, "*/Resources")
	if err != nil {
		return err
	}
	spec, err := d.spec(ctx, finder)
	if err != nil {
		return err
	}
	task, err := folder.CreateVM(ctx, spec, pools[0], nil)
	if err != nil {
		return err
	}
	info, err := task.WaitForResult(ctx, nil)
	if err != nil {
		return err
	}
	ref := info.Result.(types.ManagedObjectReference)
	if d.Power == "on" {
		task, err := object.NewVirtualMachine(folder.Client(), ref).PowerOn(ctx)
		if err != nil {
			return err
		}
		if err := task.Wait(ctx); err != nil {
			return err
		}
	}
	if d.Template {
		if err := object.NewVirtualMachine(folder.Client(), ref).MarkAsTemplate(ctx); err != nil {
			return err
		}
	}
	return d.reportGuest(model, ref)
}

func folderAt(ctx context.Context, finder *find.Finder, folder *object.Folder, below string) (*object.Folder, error) {
	for _, name := range strings.FieldsFunc(below, func(r rune) bool { return r == '/' }) {
		place := path.Join(folder.InventoryPath, name)
		child, err := finder.Folder(ctx, place)
		if err != nil {
			if child, err = folder.CreateFolder(ctx, name); err != nil {
				return nil, err
			}
			child.InventoryPath = place
		}
		folder = child
	}
	return folder, nil
}

func remove(ctx context.Context, vm *object.VirtualMachine) error {
	// Off already is as good.
	if task, err := vm.PowerOff(ctx); err == nil {
		_ = task.Wait(ctx)
	}
	task, err := vm.Destroy(ctx)
	if err != nil {
		return err
	}
	return task.Wait(ctx)
}

func (d *definedVM) spec(ctx context.Context, finder *find.Finder) (types.VirtualMachineConfigSpec, error) {
	spec := types.VirtualMachineConfigSpec{
		Name: d.Name, GuestId: d.GuestID, NumCPUs: d.CPUs, MemoryMB: d.MemoryMiB, Firmware: d.Firmware, Annotation: d.Annotation,
	}
	stores, err := finder.DatastoreList(ctx, "*")
	if err != nil {
		return spec, err
	}
	store := stores[0].Name()
	spec.Files = &types.VirtualMachineFileInfo{VmPathName: fmt.Sprintf("[%s]", store)}

	var devices object.VirtualDeviceList
	scsi, err := devices.CreateSCSIController("pvscsi")
	if err != nil {
		return spec, err
	}
	// Keys as vCenter gives them: controllers from 1000, disks from 2000, NICs from 4000.
	scsi.GetVirtualDevice().Key = 1000
	devices = append(devices, scsi)
	for i, size := range d.DisksMiB {
		file := fmt.Sprintf("[%s] %s/%s_%d.vmdk", store, d.Name, d.Name, i)
		disk := devices.CreateDisk(scsi.(types.BaseVirtualController), stores[0].Reference(), file)
		disk.Key, disk.CapacityInKB = int32(2000+i), size*1024
		devices = append(devices, disk)
	}
	network, err := finder.Network(ctx, d.Network)
	if err != nil {
		return spec, err
	}
	backing, err := network.EthernetCardBackingInfo(ctx)
	if err != nil {
		return spec, err
	}
	nic, err := devices.CreateEthernetCard("vmxnet3", backing)
	if err != nil {
		return spec, err
	}
	card := nic.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
	card.Key = 4000
	if d.MAC != "" {
		card.AddressType, card.MacAddress = string(types.VirtualEthernetCardMacTypeManual), d.MAC
	}
	devices = append(devices, nic)
	spec.DeviceChange, err = devices.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	return spec, err
}

// reportGuest puts in place what VMware Tools of the running guest would report.
func (d *definedVM) reportGuest(model *simulator.Model, ref types.ManagedObjectReference) error {
	vm, ok := model.Map().Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return fmt.Errorf("%s is gone", ref.Value)
	}
	address, prefix := d.Address, int32(24)
	if parsed, err := netip.ParsePrefix(d.Address); err == nil {
		address, prefix = parsed.Addr().String(), int32(parsed.Bits())
	} else if _, err := netip.ParseAddr(d.Address); err != nil && d.Address != "" {
		return fmt.Errorf("address: %w", err)
	}
	running := types.VirtualMachineToolsRunningStatusGuestToolsNotRunning
	state, toolsStatus := types.VirtualMachineGuestStateNotRunning, types.VirtualMachineToolsStatusToolsNotRunning
	nets := []types.GuestNicInfo{}
	if d.Power == "on" {
		running = types.VirtualMachineToolsRunningStatusGuestToolsRunning
		state, toolsStatus = types.VirtualMachineGuestStateRunning, types.VirtualMachineToolsStatusToolsOk
		for _, net := range vm.Guest.Net {
			if address != "" {
				net.IpAddress = []string{address}
				net.IpConfig = &types.NetIpConfigInfo{IpAddress: []types.NetIpConfigInfoIpAddress{
					{IpAddress: address, PrefixLength: prefix, State: string(types.NetIpConfigInfoIpAddressStatusPreferred)},
				}}
			}
			nets = append(nets, net)
		}
	} else {
		address = ""
	}
	changes := []types.PropertyChange{
		{Name: "config.guestFullName", Val: d.GuestFullName},
		{Name: "summary.config.guestFullName", Val: d.GuestFullName},
		{Name: "guest.guestId", Val: d.GuestID},
		{Name: "guest.guestFullName", Val: d.GuestFullName},
		{Name: "guest.guestFamily", Val: string(types.VirtualMachineGuestOsFamilyLinuxGuest)},
		{Name: "guest.guestState", Val: string(state)},
		{Name: "guest.toolsStatus", Val: toolsStatus},
		{Name: "guest.toolsRunningStatus", Val: string(running)},
		{Name: "guest.toolsVersionStatus2", Val: string(types.VirtualMachineToolsVersionStatusGuestToolsUnmanaged)},
		{Name: "guest.hostName", Val: d.Hostname},
		{Name: "guest.ipAddress", Val: address},
		{Name: "guest.net", Val: nets},
		{Name: "summary.guest.guestId", Val: d.GuestID},
		{Name: "summary.guest.guestFullName", Val: d.GuestFullName},
		{Name: "summary.guest.hostName", Val: d.Hostname},
		{Name: "summary.guest.ipAddress", Val: address},
		{Name: "summary.guest.toolsStatus", Val: toolsStatus},
		{Name: "summary.guest.toolsRunningStatus", Val: string(running)},
	}
	writer := *model.Service.Context
	model.Map().AtomicUpdate(&writer, vm, changes)
	return nil
}
