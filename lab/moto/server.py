"""The AWS of the lab: moto with the rules of the real AWS that it lacks (ec2_rules, route53_rules), and a door for the lab.

Usage: moto_server [-H ADDRESS] [-p PORT] [-v]. The first line on stdout is the URL; port 0 takes a free one.

Beside the AWS API it answers, in JSON:
  GET    /lab/instances  every instance as it stands now: {"instances":[{id, region, state, type, image, keyName, privateAddress,
                         publicAddress, elasticAddress, userData (base64), groups:[{id, name}], volumes:[{id, device, sizeGiB, root}], tags}]}
  GET    /lab/calls      calls so far, {"ec2.RunInstances": 2, ...};  DELETE sets them back to none
  POST   /lab/refuse     {"code":"InstanceLimitExceeded","count":1,"action":"RunInstances","instanceType":"t3.small","message":"..."}
                         the next `count` such calls are refused; action (default RunInstances) and instanceType are optional.
                         InsufficientInstanceCapacity and InternalError come as HTTP 500, which SDKs retry: give a high count
  POST   /lab/lose       {"action":"RunInstances","count":1}: the next such call takes effect, but its answer is lost
  POST   /lab/pending    {"action":"GetChange","count":2}: so often a change of Route 53 is told to be PENDING still
  GET    /lab/changes    batches of changes that each hosted zone has taken, {"Z123": 2}
  DELETE /lab/refuse     clears all orders
"""

import os

# Read by moto when it is imported. Unknown images and types are refused, as AWS does.
os.environ["MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION"] = "true"
os.environ["MOTO_ENABLE_AMI_VALIDATION"] = "true"

import argparse
import json
import logging
import signal
import socket

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

import ec2_rules
import orders
import route53_rules


def control(request: Request) -> Response:
    """Answers what is below /lab/."""
    door = (request.method, request.path)
    if door == ("GET", "/lab/instances"):
        answer = {"instances": ec2_rules.present_instances()}
    elif door == ("GET", "/lab/calls"):
        answer = orders.calls_so_far()
    elif door == ("DELETE", "/lab/calls"):
        answer = orders.forget_calls()
    elif door == ("POST", "/lab/refuse"):
        answer = orders.order("refuse", request.get_json())
    elif door == ("POST", "/lab/lose"):
        answer = orders.order("lose", request.get_json())
    elif door == ("POST", "/lab/pending"):
        answer = orders.order("pending", request.get_json())
    elif door == ("GET", "/lab/changes"):
        answer = route53_rules.changes_so_far()
    elif door == ("DELETE", "/lab/refuse"):
        answer = orders.clear()
    elif request.path in ("/lab/instances", "/lab/calls", "/lab/refuse", "/lab/lose", "/lab/pending", "/lab/changes"):
        raise MethodNotAllowed()
    else:
        raise NotFound()
    return Response(json.dumps(answer), mimetype="application/json")


class Application:
    """The WSGI application: the lab's door first, AWS behind it."""

    def __init__(self) -> None:
        self.aws = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ, start_response):
        if environ.get("PATH_INFO", "").startswith("/lab/"):
            try:
                response = control(Request(environ))
            except HTTPException as refused:
                response = refused
            except (KeyError, TypeError, ValueError) as wrong:
                response = Response(f"{type(wrong).__name__}: {wrong}\n", status=400)
            return response(environ, start_response)
        body = self.aws(environ, start_response)
        if orders.answer_is_lost():
            # What a caller sees whose network broke after AWS had acted: the connection ends without an answer.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return body


def main() -> None:
    parser = argparse.ArgumentParser(prog="moto_server")
    parser.add_argument("-H", "--host", default="127.0.0.1")
    parser.add_argument("-p", "--port", type=int, default=5000)
    parser.add_argument("-v", "--verbose", action="store_true", help="a line on stderr for each request")
    options = parser.parse_args()
    os.environ.setdefault("MOTO_PORT", str(options.port))
    if not options.verbose:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))  # everything it knows is in memory
    orders.apply()
    ec2_rules.apply()
    route53_rules.apply()
    server = make_server(options.host, options.port, Application(), threaded=True, request_handler=MotoRequestHandler)
    print(f"http://{options.host}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
