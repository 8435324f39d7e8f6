"""A few words of the protocol, enough for a test to be a device by UDP and a viewer by TCP or WebSocket whose addresses can be
told apart (the schema is proto/rendezvous.proto)."""
import base64
import os
import re
import socket
import ssl
import struct

LIMIT_S = 30
REGISTER_PK, REGISTER_PK_RESPONSE, PUNCH_HOLE_REQUEST, PUNCH_HOLE, PUNCH_HOLE_RESPONSE, FETCH_LOCAL_ADDR = 15, 16, 8, 9, 11, 12
OK, UUID_MISMATCH = 0, 2


def varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out) + bytes([n])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data):
    """{number: value}, the last of each."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(data):
        tag = number()
        value = number()
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        found[tag >> 3] = value
    return found


def address(mangled):
    """IPv4 and port of a disguised address."""
    n = int.from_bytes(mangled, "little")
    t = n >> 17 & 0xFFFFFFFF
    ip = (n >> 49) - t & 0xFFFFFFFF
    return socket.inet_ntoa(struct.pack("<I", ip)), (n & 0x1FFFF) - (t & 0xFFFF) & 0xFFFF


def frame(data):
    n = len(data) << 2
    return (bytes([n]) if n < 1 << 8 else struct.pack("<H", n | 1)) + data


class Device:
    """Made where its socket shall belong to."""

    def __init__(self, server, name, port=21116, uuid=None, pk=bytes(range(32))):
        self.name, self.server = name, (server, port)
        self.words = field(REGISTER_PK, field(1, name) + field(2, uuid or b"uuid-of-" + name.encode()) + field(3, pk))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.settimeout(2)

    def ask(self):
        """What the server says to its registration; asked again until it is heard, since UDP may be lost."""
        for _ in range(LIMIT_S // 2):
            self.udp.sendto(self.words, self.server)
            try:
                answer = fields(self.udp.recv(2000)).get(REGISTER_PK_RESPONSE)
            except (TimeoutError, ConnectionError):
                continue
            if answer is not None:
                return fields(answer).get(1, OK)
        raise AssertionError(f"{self.name} hears nothing from {self.server}")

    def register(self):
        result = self.ask()
        assert result == OK, f"{self.name} is not registered: {result}"
        return self

    def called_by(self):
        """The address of the viewer that it is told of."""
        for _ in range(LIMIT_S // 2):
            try:
                said = fields(self.udp.recv(2000))
            except TimeoutError:
                continue
            for kind in (PUNCH_HOLE, FETCH_LOCAL_ADDR):
                if kind in said:
                    return address(fields(said[kind])[1])
        raise AssertionError(f"{self.name} is told of nobody")

    def close(self):
        self.udp.close()


def request(name, key):
    return field(PUNCH_HOLE_REQUEST, field(1, name) + field(2, 1) + field(3, key) + field(6, "1.4.9"))


def call_by_tcp(server, name, key, port=21116):
    """The link, open: the viewer's own address is its getsockname()."""
    s = socket.create_connection((server, port), LIMIT_S)
    s.sendall(frame(request(name, key)))
    return s


def call_by_web(server, name, key, port=21118, tls=None, host="id.test", more=""):
    """`tls`: the certificate that must be shown; `more`: header lines that are sent with it."""
    s = socket.create_connection((server, port), LIMIT_S)
    if tls:
        context = ssl.create_default_context(cafile=tls)
        s = context.wrap_socket(s, server_hostname=host)
    path = "/ws/id" if tls else "/"
    s.sendall((f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n{more}\r\n").encode())
    head = b""
    while b"\r\n\r\n" not in head:
        part = s.recv(1)
        assert part, f"no WebSocket: {head!r}"
        head += part
    assert re.match(rb"HTTP/1.1 101 ", head), head
    data, mask = request(name, key), os.urandom(4)
    assert len(data) < 126
    s.sendall(bytes([0x82, 0x80 | len(data)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
    return s
