"""Rules of EC2 that moto does not keep. Each one names what AWS does."""

import base64
import contextlib
import ipaddress
import json
import threading

from moto.ec2.exceptions import EC2ClientError, InvalidInstanceTypeError
from moto.ec2.models import ec2_backends, elastic_ip_addresses, elastic_network_interfaces
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.instances import Instance, InstanceBackend
from moto.ec2.models.subnets import Subnet

from orders import refuse_if_ordered

# Public addresses of the lab: TEST-NET-3 of RFC 5737, from .10 on.
PUBLIC_RANGE = [f"203.0.113.{last}" for last in range(10, 255)]

_lock = threading.RLock()


def all_backends():
    for account in list(ec2_backends.values()):
        yield from list(account.values())


# Public addresses: one that somebody has is never given to another, and one that was given back comes last.
_next_public = 0


def public_address() -> str:
    global _next_public
    with _lock:
        taken = set()
        for backend in all_backends():
            taken.update(address.public_ip for address in backend.addresses)
            taken.update(nic.public_ip for nic in list(backend.enis.values()))
        for step in range(len(PUBLIC_RANGE)):
            candidate = PUBLIC_RANGE[(_next_public + step) % len(PUBLIC_RANGE)]
            if candidate not in taken:
                _next_public += step + 1
                return candidate
    raise EC2ClientError("AddressLimitExceeded", "The maximum number of addresses has been reached.")


# RunInstances: a ClientToken that was seen gives the first instances again, and is refused with other parameters.
_tokens: dict[tuple[str, str, str], tuple[str, object]] = {}
NO_TOKEN = "ABCDE"  # what moto puts where the caller sent none


def run_instances_once(run_instances):
    def run(self, image_id, count, user_data, security_group_names, **kwargs):
        with _lock:
            token = kwargs.get("client_token", NO_TOKEN)
            key = (self.account_id, self.region_name, token)
            asked = json.dumps([image_id, count, user_data, security_group_names, kwargs], sort_keys=True, default=str)
            if token != NO_TOKEN and key in _tokens:
                first_asked, reservation = _tokens[key]
                if first_asked != asked:
                    raise EC2ClientError(
                        "IdempotentParameterMismatch",
                        f"Arguments on this idempotent request are inconsistent with arguments used in previous request(s) with client token {token}.",
                    )
                return reservation
            if key_name := kwargs.get("key_name"):
                self.describe_key_pairs(key_names=[key_name])
            refuse_if_ordered("RunInstances", kwargs.get("instance_type"))
            reservations = set(self.reservations)
            try:
                reservation = run_instances(self, image_id, count, user_data, security_group_names, **kwargs)
            except InvalidInstanceTypeError:
                raise EC2ClientError("InvalidParameterValue", f"Invalid value '{kwargs['instance_type']}' for InstanceType.")
            except Exception:
                # All or none: moto notes a reservation before it knows whether its instances can be.
                for added in set(self.reservations) - reservations:
                    del self.reservations[added]
                raise
            if token != NO_TOKEN:
                _tokens[key] = (asked, reservation)
            return reservation

    return run


# The groups of an instance are those of its primary network interface; moto keeps two lists that part ways.
def groups_of_instance(self: Instance):
    nic = getattr(self, "nics", {}).get(0)
    return list(nic._group_set) if nic else self.__dict__.get("launch_groups", [])


def set_groups_of_instance(self: Instance, groups) -> None:
    nic = getattr(self, "nics", {}).get(0)
    if nic:
        nic._group_set = list(groups)
    else:
        self.__dict__["launch_groups"] = list(groups)


def terminate_wholly(terminate):
    """A terminated instance gives back its addresses and its primary network interface; an elastic address is free again."""

    def run(self: Instance):
        with _lock:
            backend = self.ec2_backend
            for address in list(backend.addresses):
                if address.instance is self or (address.eni and address.eni in self.nics.values()):
                    backend.disassociate_address(address=address.public_ip)
            previous = terminate(self)
            for nic in self.nics.values():
                backend.enis.pop(nic.id, None)
                nic.public_ip = None
            with contextlib.suppress(EC2ClientError):  # the subnet may be gone before the instance
                subnet = backend.get_subnet(self.subnet_id)
                for address in list(self._private_ips):
                    subnet.del_subnet_ip(address)
            self._private_ips.clear()
            return previous

    return run


def request_free_address(request_ip):
    """A private address is refused with AWS's error, not with a crash, where somebody has it or the subnet cannot give it."""

    def run(self: Subnet, ip: str, instance) -> None:
        if ip in self._subnet_ips:
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {ip} is in use.")
        parsed = ipaddress.ip_address(ip)
        reserved = [*(self.cidr[number] for number in range(4)), self.cidr[-1]]
        if parsed not in self.cidr or parsed in reserved:
            raise EC2ClientError("InvalidParameterValue", f"Address {ip} does not fall within the subnet's address range")
        request_ip(self, ip, instance)

    return run


def attach_free_volume(attach_volume):
    """A volume is attached to one instance at a time, in its own zone, under a device name that is free."""

    def run(self, volume_id, instance_id, device_path, delete_on_termination=False):
        with _lock:
            volume, instance = self.get_volume(volume_id), self.get_instance(instance_id)
            if volume.attachment:
                raise EC2ClientError("VolumeInUse", f"{volume_id} is already attached to an instance")
            zone = getattr(volume.zone, "name", volume.zone)
            if zone != instance.availability_zone:
                raise EC2ClientError(
                    "InvalidVolume.ZoneMismatch",
                    f"The volume '{volume_id}' is not in the same availability zone as instance '{instance_id}'",
                )
            if device_path in instance.block_device_mapping:
                raise EC2ClientError(
                    "InvalidParameterValue",
                    f"Invalid value '{device_path}' for unixDevice. Attachment point {device_path} is already in use",
                )
            return attach_volume(self, volume_id, instance_id, device_path, delete_on_termination)

    return run


def held_by_one(method):
    def run(self, *args, **kwargs):
        with _lock:
            return method(self, *args, **kwargs)

    return run


def apply() -> None:
    # The very first addresses are drawn while moto sets up a region, so these come before everything else.
    elastic_ip_addresses.random_ip = public_address
    elastic_network_interfaces.random_public_ip = public_address
    InstanceBackend.run_instances = run_instances_once(InstanceBackend.run_instances)
    Instance.security_groups = property(groups_of_instance, set_groups_of_instance)
    NetworkInterface.group_set = property(lambda self: list(self._group_set))
    Instance.terminate = terminate_wholly(Instance.terminate)
    Subnet.request_ip = request_free_address(Subnet.request_ip)
    EBSBackend.attach_volume = attach_free_volume(EBSBackend.attach_volume)
    ElasticAddressBackend.allocate_address = held_by_one(ElasticAddressBackend.allocate_address)


def present_instances() -> list[dict]:
    """Every instance of every region, terminated ones too, oldest first: what a hypervisor has to carry out."""
    with _lock:
        found = [instance for backend in all_backends() for instance in backend.all_instances()]
        return [present(instance) for instance in sorted(found, key=lambda each: each.launch_time)]


def present(instance: Instance) -> dict:
    backend = instance.ec2_backend
    here = instance.state != "terminated"
    elastic = next((each.public_ip for each in backend.addresses if each.instance is instance or (each.eni and each.eni is instance.nics.get(0))), None)
    user_data = instance.user_data
    if isinstance(user_data, bytes):
        user_data = base64.b64encode(user_data).decode()
    return {
        "id": instance.id,
        "region": backend.region_name,
        "zone": instance.availability_zone,
        "state": instance.state,
        "type": instance.instance_type,
        "image": instance.image_id,
        "keyName": instance.key_name,
        "privateAddress": instance.private_ip if here else None,
        "publicAddress": instance.public_ip if here else None,
        "elasticAddress": elastic,
        "userData": str(user_data) if user_data else "",
        "groups": [{"id": group.id, "name": group.name} for group in instance.security_groups] if here else [],
        "volumes": [
            {
                "id": block.volume_id,
                "device": device,
                "sizeGiB": backend.get_volume(block.volume_id).size,
                "root": device == instance.root_device_name or device == "/dev/sda1",
            }
            for device, block in instance.get_block_device_mapping
        ],
        "tags": {tag["key"]: tag["value"] for tag in instance.get_tags()},
    }
