"""The services of the test's own internet. Each notes in `log` who came, and what was asked."""

import http.server, os, socket, ssl, sys, threading

API, EVIL, INNER, METADATA, SIX = "93.184.216.34", "93.184.216.35", "10.9.8.7", "169.254.169.254", "2606:2800:220:1::34"
NAMES = {EVIL: "evil", INNER: "inner", METADATA: "metadata", SIX: "six", "127.0.0.1": "loopback"}


def note(*words):
    with open("log", "a") as log:
        log.write(" ".join(str(word) for word in words) + "\n")


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        where = NAMES.get(self.server.server_address[0], "api")
        secure = "https" if isinstance(self.connection, ssl.SSLSocket) else "http"
        note(secure, where, self.command, self.headers.get("host"), self.path, self.headers.get("authorization"), body)
        text = f"{where} says hello\n".encode()
        if self.path == "/echo":
            text = f"{self.headers.get('authorization')}\n".encode()
        if self.path.startswith("/repository.git/"):
            try:
                with open("." + self.path.split("?")[0], "rb") as file:
                    text = file.read()
            except OSError:
                self.send_error(404)
                return
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, address, port, certificate=None):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), Answer)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            where = NAMES.get(address, "api")
            context.sni_callback = lambda connection, name, context: note("sni", where, name)
            context.load_cert_chain(certificate + ".pem", certificate + ".key")
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *ignored):
        pass


def accept(socket, where, serve):
    while True:
        connection, _ = socket.accept()
        note("tcp", where)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def echo(connection):
    try:
        while data := connection.recv(65536):
            connection.sendall(data)
        connection.close()
    except OSError:
        pass


def tcp(address, port, where, serve=echo):
    server = socket.create_server((address, port))
    threading.Thread(target=accept, args=(server, where, serve), daemon=True).start()


def reply(question):
    """What a name server says that knows one host, by its IPv4 address."""
    host = b"\x02db\x04corp\x04test\x00\x00"
    if host not in question.lower():
        return question[:2] + b"\x81\x83" + question[4:]
    end = question.index(b"\x00", 12) + 5
    answers = [b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x05\x00\x04" + socket.inet_aton(API)] * (question[end - 3] == 1)
    return question[:2] + b"\x81\x80\x00\x01\x00" + bytes([len(answers)]) + b"\x00" * 4 + question[12:end] + b"".join(answers)


def udp(address, port, where):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, port))

    def serve():
        while True:
            data, sender = server.recvfrom(4096)
            note("udp", where, data)
            server.sendto(reply(data), sender)

    threading.Thread(target=serve, daemon=True).start()


def tunnel(connection):
    """The proxy of a company: CONNECT, with basic authentication."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(4096)
    lines = head.decode().split("\r\n")
    who = next((line for line in lines if line.lower().startswith("proxy-authorization:")), "")
    note("upstream", lines[0], who)
    host, port = lines[0].split(" ")[1].rsplit(":", 1)
    server = socket.create_connection((host, int(port)))
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    threading.Thread(target=pour, args=(server, connection), daemon=True).start()
    pour(connection, server)


def pour(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


for address in (API, EVIL, INNER, METADATA, SIX):
    Server(address, 80)
Server(API, 443, "api.example.com")
Server(API, 8444, "db.corp.test")
Server(EVIL, 443, "evil.example.com")
Server("127.0.0.1", 8080)
tcp(API, 7, "echo")
tcp(API, 22, "ssh")
tcp(INNER, 3128, "proxy", tunnel)
udp(API, 443, "quic")
udp(API, 53, "dns-of-others")
udp("127.0.0.53", 53, "dns")
print("ready", flush=True)
threading.Event().wait()
