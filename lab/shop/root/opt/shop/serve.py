#!/usr/bin/env python3
"""serve.py orders|files|databases FOLDER [PORT]: the shop, a small HTTP/1.1 service as one finds them.

GET /health            200 and the host's name; 503 while a database does not answer
GET /                  200, a page
GET /orders            200, one id a line: all that were ever acknowledged
GET /orders/count      200, their number
POST /orders           201 once the order is on the disk; its id is the header Idempotency-Key or the body. A known id
                       is answered 200 and not stored again.
GET, PUT /NAME         files only: a file of the folder; PUT answers 201 once it is on the disk

`orders` appends to FOLDER/orders.log, `files` writes a file for each order into FOLDER/orders/, `databases` has them in
PostgreSQL and Redis (databases.py, on nodes that have both).
SIGTERM: takes no new connections, answers what is under way with `Connection: close`, ends.
"""
import os
import select
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

DRAIN_IDLE_SECONDS = 0.1  # how long a drain waits for one more request on an idle connection; most servers close at once
DRAIN_SECONDS = 4
draining = threading.Event()


def write_durably(path, data):
    """The file is whole under its name, and on the disk, or not there."""
    scratch = f'{path}.{os.getpid()}.{threading.get_ident()}.part'
    with open(scratch, 'wb') as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.rename(scratch, path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


class OrderLog:
    """Orders as lines of one file."""

    def __init__(self, folder):
        self.lock = threading.Lock()
        self.file = open(os.path.join(folder, 'orders.log'), 'ab+')
        self.file.seek(0)
        content = self.file.read()
        whole = content.rfind(b'\n') + 1
        # A line without an end was cut off before it was acknowledged.
        self.file.truncate(whole)
        self.known = {line.split(b'\t')[0].decode() for line in content[:whole].splitlines()}
        self.lines = content[:whole].count(b'\n')

    def add(self, order, body):
        with self.lock:
            if order in self.known:
                return False
            self.file.write(f'{order}\t{time.time():.3f}\t{socket.gethostname()}\n'.encode())
            self.file.flush()
            os.fsync(self.file.fileno())
            self.known.add(order)
            self.lines += 1
            return True

    def ids(self):
        with self.lock, open(self.file.name, 'rb') as file:
            return [line.split(b'\t')[0].decode() for line in file.read().splitlines()]

    def count(self):
        return self.lines

    def works(self):
        return True


class OrderFiles:
    """Orders as files."""

    def __init__(self, folder):
        self.lock = threading.Lock()
        self.folder = os.path.join(folder, 'orders')
        os.makedirs(self.folder, exist_ok=True)

    def add(self, order, body):
        with self.lock:
            path = os.path.join(self.folder, order)
            if os.path.exists(path):
                return False
            write_durably(path, body)
            return True

    def ids(self):
        return [name for name in os.listdir(self.folder) if not name.endswith('.part')]

    def count(self):
        return len(self.ids())

    def works(self):
        return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True
    timeout = 30

    def handle(self):
        """One request after the other; while the service drains, an idle connection gets a last chance and is closed."""
        self.close_connection = False
        while not self.close_connection and self.next_request_comes():
            self.handle_one_request()

    def next_request_comes(self):
        idle_since = time.monotonic()
        drain_since = None
        while True:
            if select.select([self.connection], [], [], 0.05)[0]:
                return True
            now = time.monotonic()
            if draining.is_set():
                drain_since = drain_since or now
                if now - drain_since > DRAIN_IDLE_SECONDS:
                    return False
            if now - idle_since > self.timeout:
                return False

    def answer(self, status, text='', content_type='text/plain; charset=utf-8'):
        data = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        self.send_header('Content-Type', content_type)
        self.send_header('Content-Length', str(len(data)))
        self.send_header('X-Served-By', socket.gethostname())
        if draining.is_set():
            self.send_header('Connection', 'close')
            self.close_connection = True
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(data)

    def do_GET(self):
        if self.path == '/health':
            status, word = (200, 'ok') if store.works() else (503, 'no database')
            self.answer(status, f'{word} {socket.gethostname()}\n')
        elif self.path == '/':
            self.answer(200, f'<!doctype html><title>Shop</title><p>{store.count()} orders\n', 'text/html; charset=utf-8')
        elif self.path == '/orders':
            self.answer(200, ''.join(f'{order}\n' for order in store.ids()))
        elif self.path == '/orders/count':
            self.answer(200, f'{store.count()}\n')
        else:
            self.get_file()

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        order = self.headers.get('Idempotency-Key') or body.decode(errors='replace').strip()
        if self.path != '/orders':
            self.answer(404)
        elif not order or len(order) > 100 or not all(c.isalnum() or c in '-_.' for c in order) or order.startswith('.'):
            self.answer(400, 'An order needs an id: letters, digits, - _ . and at most 100 of them\n')
        else:
            self.answer(201 if store.add(order, body) else 200, f'{order}\n')

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        path = self.file_path()
        if path is None or not os.path.isdir(os.path.dirname(path)):
            self.answer(404)
        else:
            write_durably(path, body)
            self.answer(201)

    def get_file(self):
        path = self.file_path()
        try:
            with open(path or '', 'rb') as file:
                self.answer(200, file.read(), 'application/octet-stream')
        except OSError:
            self.answer(404)

    def file_path(self):
        if kind != 'files':
            return None
        path = os.path.realpath(os.path.join(root, unquote(self.path).lstrip('/')))
        return path if path.startswith(os.path.realpath(root) + '/') else None

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    daemon_threads = True
    request_queue_size = 1024
    allow_reuse_address = True

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            workers.discard(threading.current_thread())

    def process_request(self, request, client_address):
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        workers.add(thread)
        thread.start()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def open_store():
    if kind == 'databases':
        from databases import OrderDatabases

        return OrderDatabases()
    return (OrderLog if kind == 'orders' else OrderFiles)(root)


kind, root = sys.argv[1:3]
workers = set()
store = open_store()
server = Server(('', int(sys.argv[3]) if len(sys.argv) > 3 else 80), Handler)


def drain(*_):
    draining.set()
    threading.Thread(target=server.shutdown).start()


signal.signal(signal.SIGTERM, drain)
server.serve_forever(poll_interval=0.05)
server.socket.setblocking(False)
while True:
    # Whoever the kernel has let in already is served: closing now would reset them.
    try:
        connection, client = server.socket.accept()
    except BlockingIOError:
        break
    connection.setblocking(True)
    server.process_request(connection, client)
server.socket.close()
end = time.monotonic() + DRAIN_SECONDS
for worker in list(workers):
    worker.join(max(0, end - time.monotonic()))
