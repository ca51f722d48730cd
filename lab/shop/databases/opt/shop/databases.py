"""Orders in PostgreSQL, their receipts in Redis: both on this node, spoken to as programs of it do."""
import queue
import socket
import threading

import psycopg2

CONNECTIONS = 8  # to each server: whoever was held comes all at once, and PostgreSQL lets 100 in


class Redis:
    """One connection; for commands that are answered by one line."""

    def __init__(self):
        self.socket = socket.create_connection(('127.0.0.1', 6379), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = self.socket.makefile('rb')

    def ask(self, *words):
        parts = [word.encode() for word in words]
        self.socket.sendall(b'*%d\r\n' % len(parts) + b''.join(b'$%d\r\n%s\r\n' % (len(part), part) for part in parts))
        answer = self.answers.readline()
        if not answer.endswith(b'\r\n') or answer.startswith(b'-'):
            raise ConnectionError(f'Redis answers {answer!r}')
        return answer[1:-2]


class Postgres:
    """One connection, as the user that the shop runs as, over the socket; each statement is a transaction."""

    def __init__(self):
        self.connection = psycopg2.connect(dbname='shop')
        self.connection.autocommit = True

    def ask(self, statement, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()


class Pool:
    """Connections that lie ready. What is asked must be safe to ask twice: one that has died is replaced, once."""

    def __init__(self, connect):
        self.connect = connect
        self.idle = queue.LifoQueue()
        self.turns = threading.Semaphore(CONNECTIONS)

    def ask(self, *words):
        with self.turns:
            try:
                return self.ask_over(self.idle.get_nowait(), *words)
            except (queue.Empty, OSError, psycopg2.Error):
                return self.ask_over(self.connect(), *words)

    def ask_over(self, connection, *words):
        answer = connection.ask(*words)
        self.idle.put(connection)
        return answer


class OrderDatabases:
    """An order is taken when PostgreSQL has committed it and Redis has its receipt."""

    def __init__(self):
        self.orders = Pool(Postgres)
        self.receipts = Pool(Redis)

    def add(self, order, body):
        insert = 'insert into orders (id, host) values (%s, %s) on conflict do nothing returning id'
        is_new = bool(self.orders.ask(insert, order, socket.gethostname()))
        self.receipts.ask('HSET', 'receipts', order, socket.gethostname())
        return is_new

    def ids(self):
        return [order for (order,) in self.orders.ask('select id from orders order by at')]

    def count(self):
        return self.orders.ask('select count(*) from orders')[0][0]

    def works(self):
        try:
            self.receipts.ask('PING')
            return bool(self.orders.ask('select 1'))
        except (OSError, psycopg2.Error):
            return False
