"""Reads the given properties of all machines with pyVmomi, in pages of 100, and prints how many came in how many seconds."""

import json
import os
import ssl
import sys
import time
from urllib.parse import urlparse

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl

address = urlparse(os.environ["VC_URL"])
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

began = time.monotonic()
service = SmartConnect(
    host=address.hostname, port=address.port, user=os.environ["VC_USER"], pwd=os.environ["VC_PASSWORD"], sslContext=context
)
content = service.RetrieveContent()
view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
query = vmodl.query.PropertyCollector
traversal = query.TraversalSpec(name="view", type=vim.view.ContainerView, path="view", skip=False)
spec = query.FilterSpec(
    objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[traversal])],
    propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=sys.argv[1:])],
)
machines = []
page = content.propertyCollector.RetrievePropertiesEx([spec], query.RetrieveOptions(maxObjects=100))
while page:
    machines += page.objects
    page = content.propertyCollector.ContinueRetrievePropertiesEx(page.token) if page.token else None
seconds = time.monotonic() - began
view.Destroy()
Disconnect(service)
print(json.dumps({"machines": len(machines), "seconds": seconds}))
